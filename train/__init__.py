"""The CNN of the mission: an ImageFolder tree in, a checkpoint, figures and a report out.

    python -m train                     # = python -m train fit --data dataset/split
    python -m train eval training/galaxy_cnn_225.pth
    python -m train predict training/galaxy_cnn_225.pth FOLDER

It reads files only: no archive, no HTTP. torch is imported here and nowhere else in the house.
"""

"""Images with classes, to float32 arrays in [0, 1] and whole numbers; the door is `load.py`.

A set is one file here that has this function, and `load` finds it by the file's name:

    read(root, rules)        the Labelled of all images in the folder `root`, the same ones in the same order every
                             time; of rules {"size": (height, width) or None, "crop", "background"}, which are arguments
                             of `load`, it heeds those that mean something there

It raises InputError for what is wrong, and names the file that it is wrong with. Whether images are of one shape and
classes large enough is looked at once, in `load`. Files without `read` help sets and are none.
"""

"""Images to float32 arrays in [0, 1], split into cohort, validation and test; the door is `load.py`.

A data set is one file here that has these three functions, and `load` finds it by the file's name:

    find(root, n)            names of the images in the folder `root`, each once and the same ones every time; n, how
                             many are wanted, is for a set that makes its images
    subject(name)            whose image it is, a string: no subject is in two splits
    read(root, name, rules)  the image (H, W, C), float32 in [0, 1], C = 1 for grey and 3 for colour, the same every
                             time; of rules {"size": (height, width) or None, "crop", "plane", "seed"}, which are
                             arguments of `load`, it heeds those that mean something there, and "size" always

They raise InputError for what is wrong, and name the file that it is wrong with. Files that lack one of the three
functions help data sets and are none.
"""

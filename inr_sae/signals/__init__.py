"""Images to float32 arrays in [0, 1], split into cohort, validation and test; the door is `load.py`.

A data set is one file here that has these three functions, and `load` finds it by the file's name:

    find(root, n)            names of the images in the folder `root`, each once and the same ones every time; n, how
                             many are wanted, is for a set that makes its images
    subjects(names)          (whose image each is, a list of strings; a phrase, what that was taken from): no subject is
                             in two splits, and one subject's images count as one in an interval
    read(root, name, rules)  the image (H, W, C), float32 in [0, 1], C = 1 for grey and 3 for colour, the same every
                             time; of rules {"size": (height, width) or None, "crop", "plane", "background",
                             "nan_to_zero", "seed", "grey"}, which are arguments of `load`, it heeds those that mean
                             something there, and "size" always; grey images are averaged by `load`

A data set that knows what each pixel shows has two more:

    labels(root, name, rules)    (H, W) uint8, a number of LABELS each, at the pixels that `read` gives
    LABELS                       the names of these

They raise InputError for what is wrong, and name the file that it is wrong with; what a user should know of a file that
is read all the same they warn of with a `notes.Note`. Files that lack one of the three functions help data sets and are
none.
"""

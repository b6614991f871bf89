"""Who follows whom: successors' places in the tree, and whose reports make up whose history."""

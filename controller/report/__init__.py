"""The picture and the numbers of a run (`metrics`, `shadows`, `page`, `console`)."""

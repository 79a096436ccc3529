"""What the body of a request says: its content coding undone, and the fields and files of a form."""

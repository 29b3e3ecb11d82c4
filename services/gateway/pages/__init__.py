"""What people see: server-rendered pages and fragments in three languages, and the assets they load."""

"""What a service holds for an account: taking stock of it, and saving it into a folder.

Nothing here changes anything at the service: every request is a GET.
"""

"""Ends the program when it is imported, as a script does that forgot whether it is one."""

import sys

sys.exit("pitchpipe-broken would like to stop here")

"""Drives while they go on: chunks in, provisional cells and anomalies out, the batch run at the end.

- `chunk`: one message of a device: samples and fixes, checked, without what lies in a privacy zone;
- `running`: the online matcher and the running pass over what came so far;
- `room`: the folder ``live/`` of a workspace, where several processes take the chunks of one drive;
- `watching`: pairs of files that appear in a folder.

What a drive told while it went on is replaced by the same run as `contado pavement load`.
"""

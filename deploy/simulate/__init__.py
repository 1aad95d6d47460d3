"""Camera simulator: video files served over RTSP as if they were live cameras. See README.md beside this file."""

// RTSP

// RTSPServer

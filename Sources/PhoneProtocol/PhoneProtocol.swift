// PhoneProtocol

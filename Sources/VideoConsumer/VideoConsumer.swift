// VideoConsumer

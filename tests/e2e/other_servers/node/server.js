// A gRPC server in JavaScript that answers Meanwhile's methods, each of another kind, with what it was sent.
//
// Fetch and Exchange answer each message with itself, Watch answers its one message three times, Collect answers with
// all its messages, one after another. Of Fetch a request that holds "fail" ends with NOT_FOUND, one that holds "slow"
// takes a minute. Messages are taken as bytes: with the payload alone in them, the request is encoded like the response.
// Prints where it serves, and serves until it is killed.
'use strict';

const grpc = require('@grpc/grpc-js');

const asIs = (bytes) => bytes;

function method(name, requestStream, responseStream) {
  return {
    path: `/meanwhile.v1.Meanwhile/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

const service = {
  Fetch: method('Fetch', false, false),
  Watch: method('Watch', false, true),
  Collect: method('Collect', true, false),
  Exchange: method('Exchange', true, true),
};

const handlers = {
  Fetch(call, answer) {
    if (call.request.includes('fail')) {
      answer({code: grpc.status.NOT_FOUND, details: 'no such thing: 100% ä'});
    } else if (call.request.includes('slow')) {
      setTimeout(() => answer(null, call.request), 60_000);
    } else {
      answer(null, call.request);
    }
  },
  Watch(call) {
    for (let i = 0; i < 3; ++i) call.write(call.request);
    call.end();
  },
  Collect(call, answer) {
    const messages = [];
    call.on('data', (message) => messages.push(message));
    call.on('end', () => answer(null, Buffer.concat(messages)));
  },
  Exchange(call) {
    call.on('data', (message) => call.write(message));
    call.on('end', () => call.end());
  },
};

const server = new grpc.Server();
server.addService(service, handlers);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  server.start();
  console.error(`serving on 127.0.0.1:${port}`);
});

import { expect, it } from 'vitest';
import { Message } from './onnx-messages.ts';

// The first three are the worked examples of Protocol Buffers' own encoding guide.
it.each([
  ['an integer', new Message().int(1, 150), [0x08, 0x96, 0x01]],
  ['a string', new Message().string(2, 'testing'), [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]],
  ['a nested message', new Message().message(3, new Message().int(1, 150)), [0x1a, 0x03, 0x08, 0x96, 0x01]],
  [
    'packed integers',
    new Message().ints(6, [3, 270, 86942]),
    [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05],
  ],
  ['minus one in ten bytes', new Message().int(1, -1), [0x08, ...Array<number>(9).fill(0xff), 0x01]],
  ['a float', new Message().float(2, 1), [0x15, 0x00, 0x00, 0x80, 0x3f]],
  ['a field number beyond 15', new Message().int(20, 1), [0xa0, 0x01, 0x01]],
])('writes %s', (_, message, bytes) => {
  expect([...message.finish()]).toEqual(bytes);
});

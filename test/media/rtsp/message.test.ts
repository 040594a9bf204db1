import test from 'ava';
import { UnderstudyError } from '../../../src/core/errors.ts';
import {
  encodeRequest,
  encodeResponse,
  headerOf,
  headersOf,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  MAX_HEADERS,
  NO_BODY,
  parseMessage,
} from '../../../src/media/rtsp/message.ts';
import { mutate } from '../../support/mutate.ts';
import { forSeeds } from '../../support/seeded-random.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string) => {
  const bytes = encode(text);
  const parsed = parseMessage(bytes, 0, bytes.length);
  return parsed.kind === 'message' ? parsed : undefined;
};
const refuses = test.macro<[text: string, says: RegExp]>({
  title: (given) => `${given} is refused`,
  exec: (t, text, says) => {
    const error = t.throws(() => parse(text), { instanceOf: UnderstudyError, code: 'rtsp/framing' });
    t.regex(error?.message ?? '', says);
  },
});
const OK = 'RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 3\r\n\r\nabc';

test('a response is read with its headers and body', (t) => {
  const parsed = parse(`${OK}$rest`);
  t.is(parsed?.end, OK.length);
  t.like(parsed?.message, { kind: 'response', status: 200, reason: 'OK' });
  t.is(headerOf(parsed?.message ?? { headers: [] }, 'cseq'), '2');
  t.is(new TextDecoder().decode(parsed?.message.body), 'abc');
});

test('a request is read', (t) => {
  const parsed = parse('SETUP rtsp://h/a/trackID=1 RTSP/1.0\r\nCSeq: 3\r\n\r\n');
  t.like(parsed?.message, { kind: 'request', method: 'SETUP', uri: 'rtsp://h/a/trackID=1' });
});

test('every cut of a message is incomplete and never refused', (t) => {
  const bytes = encode(OK);
  for (let end = 0; end < bytes.length; end += 1) t.is(parseMessage(bytes, 0, end).kind, 'incomplete');
  t.is(parseMessage(bytes, 0, bytes.length).kind, 'message');
});

test('what is encoded is read back', (t) => {
  const request = { method: 'PLAY', uri: 'rtsp://h/a', headers: [['CSeq', '4']] as const, body: encode('xyz') };
  const bytes = encodeRequest(request);
  const parsed = parseMessage(bytes, 0, bytes.length);
  t.is(parsed.kind, 'message');
  if (parsed.kind === 'message') t.like(parsed.message, { kind: 'request', method: 'PLAY', uri: 'rtsp://h/a' });
  const answer = encodeResponse({ status: 404, reason: 'Not Found', headers: [], body: NO_BODY });
  t.is(new TextDecoder().decode(answer), 'RTSP/1.0 404 Not Found\r\n\r\n');
});

test('a line break in a field is not sent', (t) => {
  const request = { method: 'PLAY', uri: 'rtsp://h/a\r\nX: y', headers: [], body: NO_BODY };
  t.throws(() => encodeRequest(request), { code: 'rtsp/injection' });
});

test('lines that end in LF only are read', (t) => {
  t.is(headerOf(parse('RTSP/1.0 200 OK\nCSeq: 7\nSession: 12\n\n')?.message ?? { headers: [] }, 'Session'), '12');
});
test('empty lines between messages are skipped', (t) => t.is(parse(`\r\n\r\n${OK}`)?.end, OK.length + 4));
test('header names in any case and with spaces before the colon are found', (t) => {
  t.is(headerOf(parse('RTSP/1.0 200 OK\r\ncSEQ : 7\r\n\r\n')?.message ?? { headers: [] }, 'CSeq'), '7');
});
test('a folded header is one line', (t) => {
  const message = parse('RTSP/1.0 200 OK\r\nPublic: OPTIONS,\r\n  DESCRIBE\r\n\tPLAY\r\n\r\n')?.message;
  t.is(headerOf(message ?? { headers: [] }, 'Public'), 'OPTIONS, DESCRIBE PLAY');
});
test('a missing reason phrase is no error', (t) => {
  t.like(parse('RTSP/1.0 200\r\nCSeq: 1\r\n\r\n')?.message, { status: 200, reason: '' });
});
test('lines without a colon are dropped', (t) => {
  t.is(parse('RTSP/1.0 200 OK\r\nnonsense\r\nCSeq: 1\r\n\r\n')?.message.headers.length, 1);
});
test('a header that comes twice keeps both values', (t) => {
  const message = parse('RTSP/1.0 401 U\r\nWWW-Authenticate: A\r\nWWW-authenticate: B\r\n\r\n')?.message;
  t.deepEqual(headersOf(message ?? { headers: [] }, 'WWW-Authenticate'), ['A', 'B']);
});

test('an HTTP answer', refuses, 'HTTP/1.1 400 Bad Request\r\n\r\n', /web page/);
test('an SSH banner', refuses, 'SSH-2.0-dropbear\r\n', /SSH/);
test('binary garbage', refuses, '\u0001\u0002\u0003', /no RTSP/);
test('a start line of another protocol', refuses, 'HELO camera\r\n\r\n', /start line/);
test(
  'a header section without end',
  refuses,
  `RTSP/1.0 200 OK\r\nX: ${'a'.repeat(MAX_HEADER_BYTES)}`,
  /headers of more/,
);
test(
  'one header too many',
  refuses,
  `RTSP/1.0 200 OK\r\n${'A: b\r\n'.repeat(MAX_HEADERS + 1)}\r\n`,
  /more than 64 headers/,
);
test('a giant body', refuses, `RTSP/1.0 200 OK\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`, /body of/);
test('a negative Content-Length', refuses, 'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n', /Content-Length/);

test('damaged and random bytes are messages, incomplete or refused, never anything else', (t) => {
  const whole = encode(OK);
  forSeeds(4000, (random) => {
    const bytes = random.chance(0.3) ? random.bytes(random.int(0, 300)) : mutate(random, whole);
    try {
      const parsed = parseMessage(bytes, 0, bytes.length);
      if (parsed.kind === 'message' && (parsed.end <= 0 || parsed.end > bytes.length))
        throw new Error('end out of range');
    } catch (error) {
      if (!(error instanceof UnderstudyError)) throw error;
    }
  });
  t.pass();
});

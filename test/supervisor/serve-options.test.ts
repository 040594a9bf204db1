import test from 'ava';
import { parseServeArguments, serveArgumentsOf } from '../../src/supervisor/serve-options.ts';

const parsed = (...args: readonly string[]) => parseServeArguments(['--data', '/srv/data', ...args], {});

test('ports have their usual numbers unless told', (t) => {
  t.like(parsed(), { kind: 'options', options: { httpPort: 51_443, peerPort: 51_410, rtmpPort: 1935 } });
  t.like(parsed('--rtmp-port', '19350', '--http-port=0'), { options: { httpPort: 0, rtmpPort: 19_350 } });
});

test('a wrong port is named', (t) => {
  for (const [flag, value] of [
    ['--http-port', '70000'],
    ['--peer-port', 'many'],
    ['--rtmp-port', '0'],
    ['--rtmp-port', '-1'],
  ] as const) {
    const result = parsed(flag, value);
    t.true(result.kind === 'wrong' && result.message.startsWith(`${flag} is a number`), flag);
  }
});

test('children get the same options', (t) => {
  const result = parsed('--rtmp-port', '19350', '--bind', '::1', '--name', 'Door box');
  const again = result.kind === 'options' ? parseServeArguments(serveArgumentsOf(result.options), {}) : undefined;
  t.is(result.kind, 'options');
  t.deepEqual(again, result);
});

/**
 * Simulated cameras as a process of their own: `node src/simulate.ts --cameras 4 --port 0`. Prints one JSON line with ids and
 * addresses, then takes orders as JSON lines on standard input (simulator/line-control.ts), each answered with one line. Ends with
 * SIGTERM or SIGINT.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemClock } from './core/clock.ts';
import { messageOf } from './core/errors.ts';
import { createLog } from './core/log.ts';
import { loadScene } from './simulator/assets.ts';
import { lengthened } from './simulator/clip.ts';
import { obeyLine, summaryOf } from './simulator/line-control.ts';
import { startSimulator } from './simulator/simulator.ts';
import type { CameraAccess, CameraOptions } from './simulator/simulated-camera.ts';

const MAX_CAMERAS = 256;
const MAX_MORE_BYTES = 200_000;

const USAGE = `usage: node dist/simulate.js [options]
  --cameras N        how many, at most ${MAX_CAMERAS} (4)
  --port PORT        of the first camera, the next ones follow; 0: any free ones (0)
  --host ADDR        listen at this address (127.0.0.1)
  --username NAME    with --password TEXT: they ask for it
  --algorithm WORD   of the password: MD5, SHA-256 or basic (MD5)
  --no-audio         video only
  --more-bytes N     each picture of the main stream has so many bytes more, which cannot be decoded: 20000 make 4 Mbit/s (0)
  --cached-start     begin with the last key frame
  --key-frames-on-request   send one when a client asks for it (RTCP PLI or FIR)
Prints one JSON line with the addresses, then takes orders as JSON lines on standard input.`;
const EXIT_USED_WRONGLY = 2;
const OPTIONS = {
  cameras: { type: 'string', default: '4' },
  port: { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  username: { type: 'string' },
  password: { type: 'string' },
  algorithm: { type: 'string', default: 'MD5' },
  'more-bytes': { type: 'string', default: '0' },
  'no-audio': { type: 'boolean', default: false },
  'cached-start': { type: 'boolean', default: false },
  'key-frames-on-request': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;
type Values = ReturnType<typeof parseArgs<{ readonly options: typeof OPTIONS }>>['values'];

const values = valuesOf(process.argv.slice(2));
if (values === undefined) process.exitCode = EXIT_USED_WRONGLY;
else if (values.help) console.log(USAGE);
else
  await main(values).catch((error: unknown) => {
    console.error(`simulate: ${messageOf(error)}`);
    process.exitCode = 1;
  });

function valuesOf(args: readonly string[]): Values | undefined {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    console.error(`simulate: ${messageOf(error)}\n${USAGE}`);
    return undefined;
  }
}

async function main(values: Values): Promise<void> {
  const count = Math.min(MAX_CAMERAS, Math.max(1, Number(values.cameras) || 1));
  const log = createLog('info', (line) => console.error(line), systemClock.now);
  const cameras = await Promise.all(Array.from({ length: count }, async (_, index) => await optionsOf(values, index)));
  const simulator = await startSimulator({ clock: systemClock, log, host: values.host }, cameras);
  console.log(JSON.stringify({ cameras: simulator.cameras.map(summaryOf) }));
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => console.log(obeyLine(simulator, line)));
  const stop = (): void => {
    lines.close();
    void simulator.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

async function optionsOf(values: Values, index: number): Promise<CameraOptions> {
  const first = Number(values.port);
  const clips = await loadScene(index);
  return {
    id: `cam-${index + 1}`,
    clips: { ...clips, main: lengthened(clips.main, Math.min(MAX_MORE_BYTES, Number(values['more-bytes']) || 0)) },
    port: first === 0 ? 0 : first + index,
    access: accessOf(values),
    audio: !values['no-audio'],
    keyFramesOnRequest: values['key-frames-on-request'],
    start: values['cached-start'] ? 'cached' : 'next-key-frame',
  };
}

function accessOf({ username, password = '', algorithm }: Values): CameraAccess {
  if (username === undefined) return { kind: 'open' };
  if (algorithm === 'basic') return { kind: 'basic', username, password };
  return { kind: 'digest', algorithm: algorithm === 'SHA-256' ? 'SHA-256' : 'MD5', username, password };
}

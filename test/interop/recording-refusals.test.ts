/** What the media process says of cameras that cannot be recorded: each message names what to correct, and the ledger has the cause. */
import test from 'ava';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { CameraOptions } from '../../src/simulator/simulated-camera.ts';
import type { StreamOrder } from '../../src/wire/media-protocol.ts';
import { orderOf, startMedia } from '../support/media-process.ts';
import { waitFor } from '../support/wait-for.ts';

/** An upper bound on a slow machine. */
const PATIENCE_MS = 90_000;
const BOOKED = /^(camera-|no-key-frame)/;
const SECRET = 'open-sesame';
const DIGEST = { kind: 'digest', algorithm: 'SHA-256', username: 'admin', password: SECRET } as const;

type Case = {
  readonly id: string;
  readonly cause: RegExp;
  readonly message: RegExp;
  readonly fault?: Fault;
  readonly options?: Partial<CameraOptions>;
  readonly order?: Partial<StreamOrder>;
  /** Instead of the camera's own address, from its port. */
  readonly url?: (port: number) => string;
};
const CASES: readonly Case[] = [
  {
    id: 'url',
    url: () => 'http://127.0.0.1/video',
    cause: /^camera-protocol$/,
    message: /rtsp:\/\//,
  },
  {
    id: 'host',
    url: (port) => `rtsp://no-such-camera.invalid:${port}/main`,
    cause: /^camera-unresolved$/,
    message: /no-such-camera\.invalid/,
  },
  { id: 'port', url: () => '', cause: /^camera-unreachable$/, message: /check (host and|the) port/ },
  {
    id: 'path',
    url: (port) => `rtsp://127.0.0.1:${port}/nothing-here`,
    cause: /^camera-refused$/,
    message: /path \/nothing-here: check the path/,
  },
  {
    id: 'password',
    options: { access: DIGEST },
    order: { username: 'admin', password: `${SECRET}-not` },
    cause: /^camera-refused$/,
    message: /refuses the user name or the password/,
  },
  {
    id: 'no-password',
    options: { access: DIGEST },
    cause: /^camera-refused$/,
    message: /asks for a user name and a password/,
  },
  {
    id: 'giant-headers',
    fault: { kind: 'giant-headers' },
    cause: /^camera-protocol$/,
    message: /header/i,
  },
  {
    id: 'endless-sdp',
    fault: { kind: 'sdp', variant: 'endless' },
    cause: /^camera-protocol$/,
    message: /body|SDP|description|bytes/i,
  },
  {
    id: 'garbage-sdp',
    fault: { kind: 'sdp', variant: 'garbage' },
    cause: /^camera-(protocol|refused)$/,
    message: /SDP|description|video/i,
  },
  {
    id: 'mjpeg',
    fault: { kind: 'sdp', variant: 'mjpeg' },
    cause: /^camera-protocol$/,
    message: /JPEG.*set it to H\.264 or H\.265/,
  },
  {
    id: 'no-video',
    fault: { kind: 'sdp', variant: 'no-video' },
    cause: /^camera-refused$/,
    message: /video/i,
  },
  {
    id: 'not-rtsp',
    fault: { kind: 'not-rtsp' },
    cause: /^camera-protocol$/,
    message: /RTSP/,
  },
  {
    id: 'mute',
    fault: { kind: 'mute' },
    cause: /^camera-stalled$/,
    message: /did not answer OPTIONS within 10 s: is \d+ its RTSP port/,
  },
  {
    id: 'stalled',
    fault: { kind: 'stall' },
    cause: /^camera-stalled$/,
    message: /sends nothing: no pictures for 10 s/,
  },
  {
    id: 'redirect',
    fault: { kind: 'redirect', location: 'rtsp://admin:pass@10.9.8.7/other' },
    cause: /^camera-refused$/,
    message: /redirects to 10\.9\.8\.7, which is not followed/,
  },
  {
    id: 'no-sessions',
    fault: { kind: 'refuse-sessions' },
    cause: /^camera-refused$/,
    message: /bandwidth|viewers/,
  },
  {
    id: 'noise',
    fault: { kind: 'noise' },
    cause: /^camera-protocol$/,
    message: /Expected RTP of payload type \d+/,
  },
  {
    id: 'no-key-frame',
    fault: { kind: 'no-key-frame' },
    cause: /^no-key-frame$/,
    message: /connected and sending/,
  },
];

test('every kind of camera that cannot be recorded is told by its cause, in words that say what to correct', async (t) => {
  const simulator = await startSimulator(
    { clock: systemClock, log: silentLog },
    CASES.map(({ id, options }) => ({ id, ...options })),
  );
  t.teardown(simulator.stop);
  for (const { id, fault } of CASES) if (fault !== undefined) simulator.cameraOf(id)?.order(fault);
  const nobody = await freePort();
  const media = await startMedia(t);
  const urlOf = ({ id, url }: Case): string => {
    const camera = simulator.cameraOf(id);
    if (id === 'port') return `rtsp://127.0.0.1:${nobody}/main`;
    return url?.(camera?.port ?? 0) ?? camera?.urlOf('main') ?? '';
  };
  media.order(CASES.map((one) => orderOf(one.id, urlOf(one), one.order)));
  const toldOf = (id: string): readonly { readonly cause: string; readonly message: string }[] =>
    media.events().flatMap((event) => {
      if (!('cameraId' in event) || event.cameraId !== id) return [];
      if (event.kind === 'stream-state' && event.state.kind === 'failed') return [event.state];
      const waits = id === 'no-key-frame' && event.kind === 'stream-state' && event.state.kind === 'starting';
      return waits ? [{ cause: media.gapsOf(id).at(-1)?.cause ?? 'none', message: 'connected and sending' }] : [];
    });
  const isTold = ({ id, cause, message }: Case): boolean =>
    toldOf(id).some((one) => cause.test(one.cause) && message.test(one.message));
  const isBooked = ({ id }: Case): boolean => BOOKED.test(media.gapsOf(id).at(-1)?.cause ?? 'none');
  const untold = (): readonly Case[] => CASES.filter((one) => !isTold(one) || !isBooked(one));
  // What is told first may be another thing: that it is not connected yet.
  await waitFor('an answer about each', () => untold().length === 0, PATIENCE_MS).catch(() =>
    t.log(untold().map(({ id }) => id)),
  );
  for (const one of CASES) {
    const { id } = one;
    t.true(isTold(one), `${id}: ${JSON.stringify(toldOf(id).slice(0, 3))}`);
    t.regex(media.gapsOf(id).at(-1)?.cause ?? 'none', BOOKED, id);
    t.is(media.recordedSeconds(id), 0, id);
  }
  const everything = JSON.stringify(media.events()) + media.process.stdout() + media.process.stderr();
  t.false(everything.includes(SECRET), 'a password stands in an event or the log');
  await media.stop();
});

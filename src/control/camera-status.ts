/** What a camera is doing now, for the API: settings, state of its streams and footage put together. Pure. */
import type { CameraStatus } from '../api/routes/cameras.ts';
import type { StreamStatus } from '../api/contract/cameras.ts';
import type { SegmentTotals } from '../archive/catalogue-types.ts';
import { DEFAULT_RTMP_PORT, pushKeyOf } from '../core/push-key.ts';
import { epochMs } from '../core/units.ts';
import { isoOf } from '../core/clock.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { StreamName } from '../wire/media-protocol.ts';
import type { StreamView } from './live-state.ts';

export type CameraFacts = {
  /** Where this box takes pushes. */
  readonly pushTo: { readonly address: string; readonly port: number };
  readonly camera: CameraSettings;
  readonly streamOf: (stream: StreamName) => StreamView | undefined;
  /** Of the newest segment. */
  readonly mediaOf: (stream: StreamName) => StreamMedia | undefined;
  readonly totals: readonly SegmentTotals[];
  /** Start of the oldest footage of either stream. */
  readonly oldest: number | undefined;
};
export type StreamMedia = Pick<StreamStatus, 'codec' | 'audioCodec' | 'width' | 'height'>;

const iso = (at: number): string => isoOf(epochMs(Math.round(at)));

export function cameraStatusOf({ camera, pushTo, streamOf, mediaOf, totals, oldest }: CameraFacts): CameraStatus {
  const names: readonly StreamName[] = camera.sub === undefined ? ['main'] : ['main', 'sub'];
  const streams = names.map((stream) =>
    streamStatusOf(stream, camera.enabled ? streamOf(stream) : undefined, mediaOf(stream)),
  );
  const own = totals.filter(({ cameraId }) => cameraId === camera.id);
  const lastFrames = names.flatMap((stream) => streamOf(stream)?.stats?.lastFrameAt ?? []);
  const key = pushKeyOf(camera.main.url);
  return {
    ...(key === undefined ? {} : { pushUrl: pushUrlOf(pushTo, key) }),
    state: camera.enabled ? worstOf(streams) : 'disabled',
    streams,
    footageBytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(lastFrames.length === 0 ? {} : { lastFrameAt: iso(Math.max(...lastFrames)) }),
    ...(oldest === undefined ? {} : { oldestFootageAt: iso(oldest) }),
  };
}

/** What is typed into the camera; the usual port is left out. */
function pushUrlOf({ address, port }: CameraFacts['pushTo'], key: string): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `rtmp://${host}${port === DEFAULT_RTMP_PORT ? '' : `:${port}`}/live/${key}`;
}

/** A failed stream is news, one that only connects less so; a sub stream that is only watched must not hide that main is recorded. */
function worstOf(streams: readonly StreamStatus[]): CameraStatus['state'] {
  const states = streams.map(({ state }) => state);
  if (states.includes('failed')) return 'failed';
  if (states.some((state) => state === 'idle' || state === 'connecting' || state === 'starting')) return 'connecting';
  return states.includes('recording') ? 'recording' : 'watching';
}

function streamStatusOf(
  stream: StreamName,
  view: StreamView | undefined,
  media: StreamMedia | undefined,
): StreamStatus {
  if (view === undefined) return { stream, state: 'idle', ...media };
  const { state, stats } = view;
  return {
    stream,
    // Own cameras are never held back; a session that is set up counts as connecting here.
    state: state.kind === 'ready' ? 'connecting' : state.kind,
    ...(state.kind === 'failed' ? { cause: state.cause, message: state.message, retryAt: iso(state.retryAt) } : {}),
    ...media,
    ...(stats === undefined
      ? {}
      : {
          framesPerSecond: stats.framesPerSecond,
          bitsPerSecond: stats.bitsPerSecond,
          packetsLost: stats.packetsLost,
          reconnects: stats.reconnects,
          viewers: stats.viewers,
          ...(stats.lastFrameAt === undefined ? {} : { lastFrameAt: iso(stats.lastFrameAt) }),
        }),
  };
}

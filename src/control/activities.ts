/** What the activity log says about events of media: changes only, in words for the owner. Pure. */
import type { NewActivity } from '../api/activity.ts';
import type { MissingCause } from '../ledger/causes.ts';
import type { MediaEvent, StreamName, StreamState, VolumeState } from '../wire/media-protocol.ts';

type Of<Kind extends MediaEvent['kind']> = Extract<MediaEvent, { readonly kind: Kind }>;

/** Failing and coming back; connecting in between is no news. */
export function activityOfStream(event: Of<'stream-state'>, before: StreamState | undefined): NewActivity | undefined {
  const { cameraId, stream, state } = event;
  if (state.kind === 'failed') {
    if (before?.kind === 'failed' && before.cause === state.cause) return undefined;
    return { severity: 'error', code: 'camera-failed', message: `${streamWord(stream)}: ${state.message}`, cameraId };
  }
  if (state.kind !== 'recording' && state.kind !== 'watching') return undefined;
  if (before === undefined || before.kind === state.kind) return undefined;
  const message = `${streamWord(stream)} is ${state.kind === 'recording' ? 'being recorded' : 'connected'}.`;
  return { severity: 'info', code: 'camera-connected', message, cameraId };
}

export function activityOfVolume(event: Of<'volume-state'>, before: VolumeState | undefined): NewActivity | undefined {
  const { volumeId, state } = event;
  if (state.kind === 'unusable') {
    if (before?.kind === 'unusable' && before.cause === state.cause) return undefined;
    return { severity: 'error', code: state.cause, message: state.message, volumeId };
  }
  if (before === undefined || before.kind === 'usable') return undefined;
  return { severity: 'info', code: 'volume-usable', message: 'The volume can be written to again.', volumeId };
}

/** Recorded for another server (`isOwn` false) it begins with a key frame and is stopped: both as planned. */
export function activityOfGap(event: Of<'gap' | 'gap-opened'>, isOwn: boolean): NewActivity {
  const { cameraId, stream, cause, detail } = event;
  const lost = event.kind === 'gap' && event.accessUnits !== undefined ? ` (${event.accessUnits} pictures)` : '';
  const message = `${streamWord(stream)} has a gap: ${causeWords(cause)}${lost}.${detail === '' ? '' : ` ${detail}`}`;
  const isPlanned = !isOwn && (cause === 'no-key-frame' || cause === 'service-down');
  return { severity: isPlanned ? 'info' : 'warning', code: 'gap', message, cameraId };
}

const streamWord = (stream: StreamName): string => (stream === 'main' ? 'The main stream' : 'The sub stream');
export const causeWords = (cause: MissingCause): string => cause.replaceAll('-', ' ');

/** What needs the owner's attention now, from states alone. Pure. */
import type { HealthItem } from '../api/contract/server.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import type { Recovery } from '../settings/recovery.ts';
import type { CameraSettings } from '../site/camera.ts';
import type { VolumeSettings } from '../site/server-settings.ts';
import type { StreamView, VolumeView } from './live-state.ts';

/** A camera that drops out for less is not worth an alarm in the list; the ledger has it. */
export const SETTLE_MS = 5_000;

export type HealthFacts = {
  readonly now: number;
  readonly startedAt: number;
  readonly recoveries: readonly Recovery[];
  readonly cameras: readonly CameraSettings[];
  readonly volumes: readonly VolumeSettings[];
  readonly streams: readonly StreamView[];
  readonly volumeOf: (volumeId: string) => VolumeView | undefined;
  /** Since when media does not answer. */
  readonly mediaGoneSince: number | undefined;
  readonly catalogue: 'sound' | 'new' | 'rebuild-needed';
  /** Of watches that word their findings themselves. */
  readonly more: readonly HealthItem[];
};
export type Health = { readonly status: 'good' | 'warning' | 'error'; readonly items: HealthItem[] };

export function healthOf(facts: HealthFacts): Health {
  const items = [
    ...processItems(facts),
    ...facts.more,
    ...volumeItems(facts),
    ...cameraItems(facts),
    ...recoveryItems(facts),
  ];
  const worst = items.some(({ severity }) => severity === 'error');
  const bad = items.some(({ severity }) => severity === 'warning');
  return { status: worst ? 'error' : bad ? 'warning' : 'good', items };
}

export const CATALOGUE_LOST =
  'The catalogue was lost or damaged; it is made again from the footage. Gaps from before are not known any more.';

const iso = (at: number): string => isoOf(epochMs(Math.round(at)));

function* processItems({ mediaGoneSince, now, catalogue, startedAt }: HealthFacts): Generator<HealthItem> {
  if (mediaGoneSince !== undefined && now - mediaGoneSince > SETTLE_MS)
    yield {
      code: 'media-down',
      severity: 'error',
      message: 'The recording process does not answer; it is being started again.',
      since: iso(mediaGoneSince),
    };
  if (catalogue === 'rebuild-needed')
    yield {
      code: 'catalogue-rebuilt',
      severity: 'warning',
      message: CATALOGUE_LOST,
      since: iso(startedAt),
    };
}

function* volumeItems({ volumes, cameras, volumeOf, startedAt }: HealthFacts): Generator<HealthItem> {
  if (volumes.length === 0 && cameras.some(({ enabled, record }) => enabled && record))
    yield {
      code: 'no-volume',
      severity: 'error',
      message: 'There is no volume to record to. Add one under Volumes.',
      since: iso(startedAt),
    };
  for (const { id } of volumes) {
    const view = volumeOf(id);
    if (view?.state.kind !== 'unusable') continue;
    const { cause, message } = view.state;
    yield { code: cause, severity: 'error', message, since: iso(view.since), volumeId: id };
  }
}

function* cameraItems({ streams, cameras, now }: HealthFacts): Generator<HealthItem> {
  const names = new Map(cameras.map(({ id, name }) => [id, name]));
  for (const { cameraId, stream, state, since } of streams) {
    if (state.kind !== 'failed' || now - since < SETTLE_MS) continue;
    const name = names.get(cameraId);
    if (name === undefined) continue;
    const severity = stream === 'main' ? 'error' : 'warning';
    const message = `${name}${stream === 'sub' ? ' (sub stream)' : ''}: ${state.message}`;
    yield { code: state.cause, severity, message, since: iso(since), cameraId };
  }
}

function* recoveryItems({ recoveries, startedAt }: HealthFacts): Generator<HealthItem> {
  for (const { message } of recoveries)
    yield { code: 'settings-recovered', severity: 'warning', message, since: iso(startedAt) };
}

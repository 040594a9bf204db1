/** Export of a marked range: times can be set here too; says where the footage lies and what is missing before it is cut. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { createExportsAt, sitePlaylists, type SitePlaylists } from '../../api/site-footage.ts';
import { navigate } from '../../app/router.ts';
import { cameraById } from '../../app/stores.ts';
import { messageOf, toast } from '../../app/toasts.tsx';
import { t as shell } from '../../messages/messages.ts';
import { t } from '../../messages/playback/words.ts';
import { MISSING } from '../../timeline/runs.ts';
import { daysOf } from '../../timeline/scale.ts';
import { zoneText } from '../../timeline/zone.ts';
import { Dialog, Notice } from '../../ui/dialog.tsx';
import { FormError } from '../../ui/field.tsx';
import { duration } from '../../ui/format.ts';
import { planOf, unknownOf, type ExportPart, type Range } from './export-plan.ts';
import { servers } from './servers.ts';
import type { PlaybackState } from './state.ts';
import { TimeField } from './time-field.tsx';

type Props = { readonly state: PlaybackState; readonly cameraIds: readonly string[]; readonly onClose: () => void };
const DEFAULT_MS = 60_000;

export function ExportDialog({ state, cameraIds, onClose }: Props): VNode {
  const [range, setRange] = useState(() => markedRange(state));
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const valid = range.start < range.end;
  const plan = usePlan(cameraIds, range, valid);
  const submit = async (): Promise<void> => {
    setBusy(true);
    const failure = await exportParts(plan?.parts ?? []);
    setBusy(false);
    if (failure?.kind === 'nothing-begun') setError(failure.error);
    else {
      toast(
        failure === undefined ? t('export.started') : t('export.partly', { message: messageOf(failure.error) }),
        failure === undefined ? 'good' : 'bad',
      );
      onClose();
      navigate('/exports');
    }
  };
  const foot = <Foot ready={valid && !busy && (plan?.parts.length ?? 0) > 0} onClose={onClose} />;
  const title = cameraIds.length === 1 ? t('export.titleOne') : t('export.titleMany', { n: cameraIds.length });
  return (
    <Dialog title={title} onClose={onClose} foot={foot} onSubmit={() => void submit()}>
      <p class="strong">{namesOf(cameraIds)}</p>
      <FormError error={error ?? plan?.error} />
      <div class="columns">
        <TimeField label={t('export.from')} value={range.start} onChange={(start) => setRange({ ...range, start })} />
        <TimeField
          label={t('export.to')}
          value={range.end}
          onChange={(end) => setRange({ ...range, end })}
          error={valid ? undefined : t('export.order')}
        />
      </div>
      <p class="muted small">{t('zone', { zone: zoneText(range.start) })}</p>
      {valid && <p class="muted">{t('export.text', { time: duration((range.end - range.start) / 1000) })}</p>}
      {valid && <Found plan={plan} state={state} cameraIds={cameraIds} range={range} />}
    </Dialog>
  );
}

const namesOf = (ids: readonly string[]): string => ids.map((id) => cameraById(id)?.name ?? id).join(', ');

function markedRange({ playhead, rangeFrom, rangeTo }: PlaybackState): Range {
  const [from, to] = [rangeFrom.peek(), rangeTo.peek()];
  const start = from ?? (to === undefined ? playhead.peek() - DEFAULT_MS / 2 : to - DEFAULT_MS);
  return { start, end: to ?? start + DEFAULT_MS };
}

type Plan = {
  readonly parts: readonly ExportPart[];
  readonly answers: readonly SitePlaylists[];
  readonly error: unknown;
};
const SETTLE_MS = 300;
/** Asked again when the range changes; undefined while it is looked for. */
function usePlan(cameraIds: readonly string[], range: Range, valid: boolean): Plan | undefined {
  const [plan, setPlan] = useState<Plan>();
  useEffect(() => {
    setPlan(undefined);
    if (!valid) return undefined;
    let over = false;
    const look = async (): Promise<void> => {
      const answers = await Promise.all(cameraIds.map((id) => sitePlaylists(id, range, 'main')));
      const found = new Map(cameraIds.map((id, index) => [id, answers[index]?.items ?? []]));
      if (!over) setPlan({ parts: planOf(found, range), answers, error: undefined });
    };
    const timer = setTimeout(() => {
      look().catch((error: unknown) => {
        if (!over) setPlan({ parts: [], answers: [], error });
      });
    }, SETTLE_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [cameraIds.join(','), range.start, range.end]);
  return plan;
}

type Failure = { readonly kind: 'nothing-begun' | 'partly'; readonly error: unknown };
/** Servers are asked one after the other: what one refuses, others may still do. */
async function exportParts(parts: readonly ExportPart[]): Promise<Failure | undefined> {
  const errors: unknown[] = [];
  for (const { serverId, cameraIds, start, end } of parts) {
    const body = {
      cameraIds: [...cameraIds],
      start: new Date(start).toISOString(),
      end: new Date(end).toISOString(),
    };
    await createExportsAt(serverId, body).catch((error: unknown) => errors.push(error));
  }
  if (errors.length === 0) return undefined;
  return { kind: errors.length === parts.length ? 'nothing-begun' : 'partly', error: errors[0] };
}

type FoundProps = Omit<Props, 'onClose'> & { readonly plan: Plan | undefined; readonly range: Range };
function Found({ plan, state, cameraIds, range }: FoundProps): VNode | null {
  useEffect(() => {
    state.data.need(daysOf(range), cameraIds).catch(() => undefined);
  }, [range.start, range.end]);
  void state.data.version.value;
  if (plan === undefined) {
    return (
      <p class="row muted" role="status">
        <span class="spinner" />
        {t('export.looking')}
      </p>
    );
  }
  if (plan.error !== undefined) return null;
  const missing = missingSeconds(state, cameraIds, range);
  const unknown = unknownOf(plan.answers);
  return (
    <>
      {plan.parts.length === 0 ? <Notice tone="warn">{t('export.nothing')}</Notice> : <Where parts={plan.parts} />}
      {missing > 0 && <Notice tone="warn">{t('export.missing', { time: duration(missing) })}</Notice>}
      {unknown !== undefined && (
        <Notice tone="warn">{t('export.unknown', { time: duration(unknown.seconds), server: unknown.server })}</Notice>
      )}
    </>
  );
}

/** Only worth a word when the footage does not lie on this box alone. */
function Where({ parts }: { readonly parts: readonly ExportPart[] }): VNode | null {
  const names = new Set(parts.map(({ serverId }) => serverId));
  if (servers.value.size < 2 && names.size < 2) return null;
  return (
    <div>
      <p class="strong small">{t('export.where')}</p>
      <ul class="small muted">
        {parts.map(({ serverId, cameraIds, start }) => (
          <li key={`${serverId} ${start} ${cameraIds[0] ?? ''}`}>
            {t('export.part', { server: servers.value.get(serverId)?.name ?? serverId, cameras: namesOf(cameraIds) })}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Foot({ ready, onClose }: { readonly ready: boolean; readonly onClose: () => void }): VNode {
  return (
    <>
      <button type="button" class="button" onClick={onClose}>
        {shell('common.cancel')}
      </button>
      <button type="submit" class="button primary" disabled={!ready}>
        {t('export')}
      </button>
    </>
  );
}

function missingSeconds(state: PlaybackState, cameraIds: readonly string[], { start, end }: Range): number {
  let sum = 0;
  for (const id of cameraIds) {
    for (const run of state.data.trackOf(id).runs) {
      if (run.state === MISSING) sum += Math.max(0, Math.min(run.end, end) - Math.max(run.start, start));
    }
  }
  return sum / 1000;
}

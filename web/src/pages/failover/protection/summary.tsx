/** Above the matrix: the whole in one sentence, and how full each failover server would be. */
import type { VNode } from 'preact';
import { t } from '../../../messages/protection/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import type { Matrix, Row, Spare } from './model.ts';
import { whyLeft } from './why.ts';
import { protectsServer } from './model.ts';
import { isInTrouble, isLeft } from './rows.ts';

export function Summary({ matrix, onAsk }: { readonly matrix: Matrix; readonly onAsk: () => void }): VNode {
  const { wanted, covered, hasPlan } = matrix;
  const left = wanted - covered;
  const isGood = !matrix.rows.some(({ cameras }) => cameras.some(isInTrouble));
  return (
    <div class="protection-head">
      <p class="protection-sentence">
        {hasPlan && (
          <span class={isGood ? 'good' : 'warn'}>
            <Icon name={isGood ? 'check' : 'alert'} />
          </span>
        )}
        <span>
          {hasPlan ? t(wanted === 1 ? 'summary.one' : 'summary.all', { covered, wanted }) : t('summary.noPlan')}
          {left > 0 && hasPlan && <span class="muted"> {reasonsOf(matrix)}</span>}
        </span>
      </p>
      {hasPlan && (
        <button type="button" class="button" onClick={onAsk}>
          {t('whatIf.open')}
        </button>
      )}
    </div>
  );
}

/** How many are left out for which reason, the most frequent first. */
function reasonsOf({ rows }: Matrix): string {
  const counts = new Map<string, number>();
  for (const camera of rows.flatMap(({ cameras }) => cameras))
    if (isLeft(camera)) counts.set(whyLeft(camera), (counts.get(whyLeft(camera)) ?? 0) + 1);
  const reasons = [...counts].toSorted((a, b) => b[1] - a[1]).map(([why, n]) => `${n} (${why})`);
  return t('summary.not', { reasons: reasons.join('; ') });
}

type SparesProps = {
  readonly spares: readonly Spare[];
  readonly rows: readonly Row[];
  readonly onOpen: (id: string) => void;
};
export function Spares({ spares, rows, onOpen }: SparesProps): VNode {
  return (
    <ul class="spares" aria-label={t('spares.label')}>
      {spares.map((spare) => (
        <li key={spare.id}>
          <button type="button" class="spare" onClick={() => onOpen(spare.id)}>
            <span class="row">
              <span class="strong cut grow">{spare.name}</span>
              {!spare.isThere && (
                <span class="chip bad">
                  <span class="dot" />
                  {t('spares.away')}
                </span>
              )}
            </span>
            <CapacityBar spare={spare} />
            <span class="muted small cut">{protectsWords(spare, rows)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function protectsWords(spare: Spare, rows: readonly Row[]): string {
  const protectable = rows.filter((row) => row.id !== spare.id);
  const count = protectable.filter(({ id }) => protectsServer(spare, id)).length;
  if (spare.list === undefined) return t('spares.protectsAll');
  return t(count === 1 ? 'spares.protectsOne' : 'spares.protectsSome', { n: count, total: protectable.length });
}

/** Room for cameras: what it covers now, then what it would cover too; a mark where its seats end. In words below. */
export function CapacityBar({ spare }: { readonly spare: Spare }): VNode {
  const { channels, assigned, seats } = spare;
  if (channels === undefined) return <span class="muted small">{t('spares.assignedOnly', { assigned })}</span>;
  const { max, used } = channels;
  const share = (n: number): number => (max === 0 ? 0 : Math.min(1, n / max));
  const planned = Math.max(0, assigned - used);
  return (
    <span class="capacity">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="8" />
        <rect class="used" width={100 * share(used)} height="8" />
        <rect class="planned" x={100 * share(used)} width={100 * share(planned)} height="8" />
        {seats !== undefined && seats < max && <rect class="seats" x={100 * share(seats) - 0.5} width="1" height="8" />}
      </svg>
      <span class="small muted">{capacityWords(spare)}</span>
    </span>
  );
}

export function capacityWords({ channels, assigned, seats }: Spare): string {
  const words = [t('spares.assigned', { assigned })];
  if (channels !== undefined)
    words.push(t('spares.used', { used: channels.used }), t('spares.free', { free: channels.free, max: channels.max }));
  if (seats !== undefined) words.push(t(seats === 1 ? 'spares.seat' : 'spares.seats', { seats }));
  return words.join(' · ');
}

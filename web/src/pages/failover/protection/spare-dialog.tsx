/** One failover server: how full, how ready for whom, and the list of servers that it protects, which the owner sets at the host. */
import type { VNode } from 'preact';
import type { SiteView } from '../../../api/protection.ts';
import type { Tagged } from '../../../api/client.ts';
import { access } from '../../../app/session.ts';
import { t } from '../../../messages/protection/words.ts';
import { tOr as watching } from '../../../messages/watching/words.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { levelWord } from './cells.tsx';
import { type Facts, type Matrix, readinessOf, protectsServer, type Readiness, type Spare } from './model.ts';
import { ListForm } from './list-form.tsx';
import { CapacityBar } from './summary.tsx';

export type SpareProps = {
  readonly spare: Spare;
  readonly matrix: Matrix;
  readonly facts: Facts;
  readonly site: Tagged<SiteView>;
  readonly onChanged: () => void;
  readonly onClose: () => void;
};
export function SpareDialog(props: SpareProps): VNode {
  const { spare, facts, onClose } = props;
  const now = access.value;
  const isOwner = now.kind === 'signed-in' && now.session.user.role === 'owner';
  const { site } = facts;
  return (
    <Dialog title={spare.name} onClose={onClose} wide>
      <CapacityBar spare={spare} />
      {spare.seats !== undefined && (
        <p class="muted">{t('spare.seats', { seats: spare.seats, used: spare.seatsUsed ?? 0 })}</p>
      )}
      <Watched {...props} />
      {site?.isHost === true && isOwner ? (
        <ListForm {...props} />
      ) : (
        <p class="muted">{site?.host === undefined ? t('list.noHost') : t('list.atHost', { host: site.host.name })}</p>
      )}
    </Dialog>
  );
}

/** Whom it watches, in which state, and how ready it is for each. */
function Watched({ spare, matrix, facts }: SpareProps): VNode {
  const seen = [...(facts.known.get(spare.id)?.values() ?? [])].filter(({ watched }) => watched);
  const watching = facts.status.find(({ id }) => id === spare.id)?.watches ?? [];
  const states = new Map(watching.map(({ serverId, state }) => [serverId, state]));
  for (const { id, watch } of seen) if (watch !== undefined) states.set(id, watch.state);
  const rows = matrix.rows
    .filter(({ id }) => states.has(id) || protectsServer(spare, id))
    .filter(({ id }) => id !== spare.id);
  return (
    <section class="stack" aria-label={t('spare.watches')}>
      <h3>{t('spare.watches')}</h3>
      {rows.length === 0 && <p class="muted">{t('spare.watchesNobody')}</p>}
      <ul class="watched">
        {rows.map(({ id, name, counts }) => (
          <li key={id}>
            <span class="row">
              <span class="strong cut grow">{name}</span>
              <span class="muted small">{t('spare.wouldCover', { n: counts.get(spare.id) ?? 0 })}</span>
              <WatchState state={states.get(id)} />
            </span>
            <Standby readiness={readinessOf(facts.known, spare.id, id)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const GOOD = ['alive', 'connected', 'started'];
function WatchState({ state }: { readonly state: string | undefined }): VNode {
  const tone = state === undefined ? '' : GOOD.includes(state) ? 'good' : 'warn';
  return (
    <span class={`chip ${tone}`}>
      <span class="dot" />
      {state === undefined ? t('watch.none') : watching(`watch.${state}`, state)}
    </span>
  );
}

function Standby({ readiness }: { readonly readiness: Readiness | undefined }): VNode | null {
  if (readiness === undefined) return null;
  const { warm, hot, cold, notReady } = readiness;
  const parts = [
    warm.wanted > 0 ? t('standby.warm', warm) : '',
    hot.wanted > 0 ? t('standby.hot', hot) : '',
    cold > 0 ? t('standby.cold', { n: cold }) : '',
  ].filter((part) => part !== '');
  return (
    <>
      {parts.length > 0 && <p class="muted small">{parts.join(' · ')}</p>}
      {notReady.length > 0 && (
        <ul class="small not-ready">
          {notReady.map(({ cameraId, name, level, actual, reason }) => (
            <li key={cameraId}>
              <span class="strong">{name}</span>:{' '}
              {t('ready.less', { wanted: levelWord(level), actual: levelWord(actual) })}
              {reason !== undefined && `, ${reason}`}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

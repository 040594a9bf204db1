/** One protected server as one failover server sees it: what covering it would need, each camera's last answer, its drills. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { activityApi, type KnownServer, type Probe, type ServerCheck } from '../../../api/activity.ts';
import { now } from '../../../app/stores.ts';
import { attempt } from '../../../app/toasts.tsx';
import { t, tOr } from '../../../messages/activity/words.ts';
import { t as order } from '../../../messages/ordering/words.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { ago, dateAndTime } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icon.tsx';
import { cameraName, type Of, type Spare } from './activity-data.ts';
import { DrillChip, DrillRow, startDrill } from './drills.tsx';
import { mayOrder, type Open } from './parts.tsx';
import { ReadyChip, WatchChip } from './watched.tsx';

type Props = {
  readonly found: Of<KnownServer>;
  readonly open: Open;
  readonly refresh: () => void;
  readonly onClose: () => void;
};
export function WatchedDetail({ found, open, refresh, onClose }: Props): VNode {
  const { spare, item: server } = found;
  const isDrilling = spare.facts?.drills.some(({ endedAt }) => endedAt === undefined);
  const foot = mayOrder() && (
    <>
      {server.watch?.state === 'alive' && (
        <button type="button" class="button" onClick={() => open({ kind: 'hand-over', spare, server })}>
          {order('handOver')}
        </button>
      )}
      <button type="button" class="button" onClick={() => open({ kind: 'take-over', server })}>
        {t('takeOver')}
      </button>
      <button
        type="button"
        class="button primary"
        disabled={isDrilling}
        onClick={() => {
          onClose();
          void startDrill(spare, server.id, refresh);
        }}
      >
        {t('drill.run')}
      </button>
    </>
  );
  return (
    <Dialog title={t('detail.title', { server: server.name, by: spare.name })} onClose={onClose} foot={foot} drawer>
      <Facts server={server} />
      <Readiness found={found} refresh={refresh} />
      <History found={found} />
    </Dialog>
  );
}

function Facts({ server }: { readonly server: KnownServer }): VNode {
  const { watch, lastContactAt } = server;
  const time = (iso: string | undefined): string => (iso === undefined ? '–' : dateAndTime(Date.parse(iso)));
  return (
    <dl class="facts">
      <dt>{t('col.state')}</dt>
      <dd class="row wrap">
        <WatchChip server={server} />
        {watch !== undefined && watch.state !== 'alive' && t('since', { time: time(watch.since) })}
      </dd>
      {watch?.reason !== undefined && (
        <>
          <dt>{t('detail.reason')}</dt>
          <dd>{tOr(`reason.${watch.reason}`, watch.reason)}</dd>
        </>
      )}
      <dt>{t('detail.contact')}</dt>
      <dd>{server.connected ? t('detail.connected') : time(lastContactAt)}</dd>
      <dt>{t('detail.backup')}</dt>
      <dd>{watch?.backupProblem ?? time(watch?.backupAt)}</dd>
    </dl>
  );
}

function Readiness({ found, refresh }: { readonly found: Of<KnownServer>; readonly refresh: () => void }): VNode {
  const { spare, item: server } = found;
  const [busy, setBusy] = useState(false);
  const ofServer = <T extends { readonly serverId: string }>(all: readonly T[] = []): readonly T[] =>
    all.filter(({ serverId }) => serverId === server.id);
  const probes = ofServer(spare.facts?.readiness.items).toSorted((a, b) => Number(a.ok) - Number(b.ok));
  const run = async (): Promise<void> => {
    setBusy(true);
    await attempt(() => activityApi.probe(spare.id, server.id));
    setBusy(false);
    refresh();
  };
  return (
    <section class="act-part">
      <header class="row">
        <h3 class="grow">{t('detail.readiness')}</h3>
        <ReadyChip found={found} />
        {mayOrder() && (
          <button type="button" class="button" disabled={busy} onClick={() => void run()}>
            {busy ? <span class="spinner" /> : <Icon name="refresh" />}
            {t('ready.run')}
          </button>
        )}
      </header>
      <ul class="act-checks">
        {ofServer(spare.facts?.readiness.servers).map((check) => (
          <Check key={check.check} check={check} />
        ))}
        {probes.map((probe) => (
          <Asked key={probe.cameraId} probe={probe} spare={spare} />
        ))}
      </ul>
    </section>
  );
}

function Check({ check: { check, ok, message, checkedAt } }: { readonly check: ServerCheck }): VNode {
  const aside = t('check.age', { ago: ago(now.value - Date.parse(checkedAt)) });
  return <Line ok={ok} name={t(`check.${check}`)} message={message} aside={aside} />;
}
function Asked({ probe, spare }: { readonly probe: Probe; readonly spare: Spare }): VNode {
  const { serverId, cameraId, ok, message, at, milliseconds } = probe;
  const age = ago(now.value - Date.parse(at));
  const aside = milliseconds === undefined ? age : `${Math.round(milliseconds)} ms · ${age}`;
  return <Line ok={ok} name={cameraName(spare, serverId, cameraId)} message={message} aside={aside} />;
}

type LineProps = { readonly ok: boolean; readonly name: string; readonly message: string; readonly aside: string };
function Line({ ok, name, message, aside }: LineProps): VNode {
  return (
    <li class={ok ? 'is-ok' : 'is-bad'}>
      <Icon name={ok ? 'check' : 'alert'} />
      <span class="hidden-text">{t(ok ? 'check.ok' : 'check.notOk')}</span>
      <span class="grow">
        <span class="strong name">{name}</span>
        <small>{message}</small>
      </span>
      <small class="muted">{aside}</small>
    </li>
  );
}

function History({ found: { spare, item: server } }: { readonly found: Of<KnownServer> }): VNode {
  const drills =
    spare.facts?.drills.filter(({ serverId, endedAt }) => serverId === server.id && endedAt !== undefined) ?? [];
  return (
    <section class="act-part">
      <header class="row">
        <h3 class="grow">{t('drills')}</h3>
        <DrillChip drill={drills[0]} knownSince={server.knownSince} />
      </header>
      {drills.map((item) => (
        <DrillRow key={item.id} found={{ spare, item }} short />
      ))}
    </section>
  );
}

/** Everything that is known of one server, at the side, and what can be done with it. */
import type { ComponentChildren, VNode } from 'preact';
import { can } from '../../../app/session.ts';
import { now } from '../../../app/stores.ts';
import { attempt, toast } from '../../../app/toasts.tsx';
import { plural, t, tOr } from '../../../messages/servers/words.ts';
import { tOr as watching } from '../../../messages/watching/words.ts';
import { Dialog, Notice } from '../../../ui/dialog.tsx';
import { ago, dateAndTime, decimal } from '../../../ui/format.ts';
import { serversApi, type KnownServer } from '../../../api/servers.ts';
import type { DialogPart } from './dialogs.tsx';
import { Fingerprint } from './fingerprint.tsx';
import type { SetOpen } from './open.ts';
import { urlOf } from './places.ts';
import type { Named, ServerRow } from './rows.ts';
import { ModeLabel, ServerChip } from './server-chip.tsx';
import { isOwner, refreshServers, rowById } from './store.ts';
import { ActionButtons } from './toolbar.tsx';
import { VersionNote } from './version.tsx';

export function Details({ open: { id }, setOpen, onClose }: DialogPart<'details'>): VNode {
  const row = rowById(id);
  if (row === undefined)
    return (
      <Dialog title={t('details')} onClose={onClose} drawer>
        <p>{t('details.gone')}</p>
      </Dialog>
    );
  return (
    <Dialog title={row.name} onClose={onClose} drawer foot={<Foot row={row} setOpen={setOpen} />}>
      <p class="row wrap">
        <ServerChip state={row.state} />
        <ModeLabel mode={row.mode} />
        {row.known?.locked === true && <span class="chip">{t('locked')}</span>}
      </p>
      <p class="muted">{t(`state.${row.state}.text`)}</p>
      <Leaving row={row} />
      <Unsuited row={row} />
      <VersionNote row={row} />
      <Facts row={row} />
      <Links row={row} />
    </Dialog>
  );
}

function Foot({ row, setOpen }: { readonly row: ServerRow; readonly setOpen: SetOpen }): VNode | null {
  if (!can('change')) return null;
  return (
    <div class="row wrap grow">
      <ActionButtons rows={[row]} onOpen={setOpen} />
      <BackUp row={row} />
      {isOwner.value &&
        row.known !== undefined &&
        !row.known.introduced &&
        !row.isManager &&
        row.host !== undefined && (
          <button type="button" class="button" onClick={() => setOpen({ kind: 'authorize', id: row.id })}>
            {t('authorize')}
          </button>
        )}
    </div>
  );
}

/** Only where the backup lies: at the failover server that keeps it. */
function BackUp({ row }: RowProps): VNode | null {
  if (row.known?.watched !== true) return null;
  const go = async (): Promise<void> => {
    await serversApi.backUp(row.id);
    await refreshServers();
    toast(t('backup.done', { name: row.name }));
  };
  return (
    <button type="button" class="button" onClick={() => void attempt(go)}>
      {t('backup.now')}
    </button>
  );
}

function Leaving({ row: { known } }: RowProps): VNode | null {
  const pending = known?.detachPending;
  if (pending === undefined) return known?.securing === undefined ? null : <Securing securing={known.securing} />;
  const since = dateAndTime(Date.parse(pending.since));
  return (
    <Notice tone="warn">
      <p>{t(pending.cameras === 'remove' ? 'leaving.remove' : 'leaving.keep', { since })}</p>
      {pending.problem !== undefined && <p>{pending.problem}</p>}
    </Notice>
  );
}

/** It ends when its footage is home; what is not home yet, in the words of the box. */
function Securing({ securing }: { readonly securing: NonNullable<KnownServer['securing']> }): VNode {
  return (
    <Notice tone="warn">
      <p>{t(`note.securing.${securing.action}`)}</p>
      {securing.problem !== undefined && <p>{securing.problem}</p>}
    </Notice>
  );
}

/** What it says of its hardware: nobody can stand in for what is built in. */
function Unsuited({ row: { known } }: RowProps): VNode | null {
  if (known?.unsuited === undefined) return null;
  return (
    <Notice tone="warn">
      <p>{t(`unsuited.${known.unsuited.code}`)}</p>
    </Notice>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): VNode | null {
  if (children === undefined || children === '' || children === false) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

const when = (iso: string | undefined): string | undefined =>
  iso === undefined ? undefined : `${ago(now.value - Date.parse(iso))} (${dateAndTime(Date.parse(iso))})`;
const namesOf = (names: readonly Named[]): string | undefined =>
  names.length === 0 ? undefined : names.map(({ name }) => name).join(', ');

type RowProps = { readonly row: ServerRow };
function Facts({ row }: RowProps): VNode {
  return (
    <dl class="facts">
      <Machine row={row} />
      <Failover row={row} />
      <Kept row={row} />
      <Line row={row} />
    </dl>
  );
}

function Machine({ row }: RowProps): VNode {
  const { status, isOwn, host, clientAddress, version } = row;
  const { channels, cameras, load, model } = status ?? {};
  return (
    <>
      <Fact name={t('fact.address')}>{host ?? (isOwn ? location.hostname : t('note.dialsIn'))}</Fact>
      <Fact name={t('fact.clientAddress')}>{clientAddress}</Fact>
      <Fact name={t('fact.ports')}>{portsOf(row)}</Fact>
      <Fact name={t('version')}>{version}</Fact>
      <Fact name={t('fact.model')}>{model}</Fact>
      <Fact name={t('fact.load')}>{load === undefined ? undefined : `${decimal(load * 100, 0)} %`}</Fact>
      <Fact name={t('cameras')}>{cameras !== undefined && cameras.total > 0 && t('fact.cameras', cameras)}</Fact>
      <Fact name={t('channels')}>{channels && t('fact.channels', channels)}</Fact>
    </>
  );
}

function Failover({ row }: RowProps): VNode {
  const { covers, coveredBy, watchedBy, mode } = row;
  return (
    <>
      <Fact name={t('fact.covers')}>{namesOf(covers)}</Fact>
      <Fact name={t('fact.coveredBy')}>{namesOf(coveredBy)}</Fact>
      <Fact name={t('fact.watchedBy')}>
        {namesOf(watchedBy) ?? (mode === 'recording' ? t('unprotected') : undefined)}
      </Fact>
      <Watches row={row} />
      <Watched row={row} />
    </>
  );
}

function Kept({ row }: RowProps): VNode {
  const { status, known } = row;
  return (
    <>
      <Fact name={t('backup')}>{when(status?.lastBackupAt ?? known?.watch?.backupAt)}</Fact>
      <Fact name={t('fact.backupProblem')}>{status?.backupProblem ?? known?.watch?.backupProblem}</Fact>
      <Fact name={t('drill')}>{drillText(row)}</Fact>
    </>
  );
}

function Line({ row }: RowProps): VNode {
  const { status, known, isOwn, id } = row;
  const { roundTripMs } = known ?? {};
  return (
    <>
      {!isOwn && (
        <Fact name={t('fact.contact')}>{when(status?.lastContactAt ?? known?.lastContactAt) ?? t('never')}</Fact>
      )}
      <Fact name={t('fact.roundTrip')}>{roundTripMs === undefined ? undefined : `${decimal(roundTripMs)} ms`}</Fact>
      <Fact name={t('fact.clock')}>{clockText(row)}</Fact>
      <Fact name={t('fact.id')}>
        <span class="mono small">{id}</span>
      </Fact>
      <Fact name={t('fact.key')}>{fingerprintOf(known?.fingerprint)}</Fact>
      <Fact name={t('fact.certificate')}>{fingerprintOf(known?.httpsFingerprint)}</Fact>
    </>
  );
}

const fingerprintOf = (hex: string | undefined): VNode | undefined =>
  hex === undefined ? undefined : <Fingerprint hex={hex} />;

function portsOf({ known }: ServerRow): string | undefined {
  if (known?.httpPort === undefined && known?.peerPort === undefined) return undefined;
  return t('fact.portsText', { http: known.httpPort ?? '?', peer: known.peerPort ?? '?' });
}

function drillText({ status, mode }: ServerRow): string | undefined {
  const drill = status?.lastDrill;
  if (drill === undefined) return mode === 'host' ? undefined : t('never');
  const { at, recorded, cameras } = drill;
  return `${when(at) ?? ''}: ${t('fact.drill', { recorded, cameras })}`;
}

function clockText({ known }: ServerRow): string | undefined {
  const offset = known?.clockOffsetMs;
  if (offset === undefined) return undefined;
  return t(offset < 0 ? 'fact.clockBehind' : 'fact.clockAhead', { ms: Math.abs(Math.round(offset)) });
}

/** Of a failover server: how it sees those that it watches. */
function Watches({ row: { watches } }: RowProps): VNode | null {
  if (watches.length === 0) return null;
  return (
    <Fact name={t('fact.watches')}>
      <ul>
        {watches.map(({ serverId, name, state }) => (
          <li key={serverId}>
            {name} <span class="muted">{watching(`watch.${state}`, state)}</span>
          </li>
        ))}
      </ul>
    </Fact>
  );
}

/** Of a server that this box watches: how ready its cameras are here. */
function Watched({ row: { known } }: RowProps): VNode | null {
  const watch = known?.watch;
  if (watch === undefined) return null;
  const { state, reason, standby } = watch;
  const late = standby?.notReady ?? [];
  return (
    <>
      <Fact name={t('fact.seen')}>
        {watching(`watch.${state}`, state)}
        {reason !== undefined && <span class="muted"> · {tOr(`trouble.${reason}`, reason)}</span>}
      </Fact>
      {standby !== undefined && (
        <Fact name={t('fact.standby')}>
          {t('fact.standbyText', {
            hot: standby.hot.ready,
            hotWanted: standby.hot.wanted,
            warm: standby.warm.ready,
            warmWanted: standby.warm.wanted,
            cold: standby.cold,
          })}
          {late.map(({ cameraId, name, reason: why }) => (
            <div key={cameraId} class="warn small">
              {name}
              {why === undefined ? '' : `: ${why}`}
            </div>
          ))}
        </Fact>
      )}
    </>
  );
}

function Links({ row }: RowProps): VNode {
  const { id, isOwn, mode, known, host, clientAddress } = row;
  const total = camerasOf(row);
  const url = isOwn ? undefined : urlOf(clientAddress ?? host, known?.httpPort);
  return (
    <p class="row wrap">
      {total > 0 && (
        <a class="button" href={`/cameras?server=${encodeURIComponent(id)}`}>
          {plural(total, 'link.cameraOne', 'link.cameraMany')}
        </a>
      )}
      {url !== undefined && (
        <a class="button" href={url} target="_blank" rel="noreferrer">
          {t('link.page')}
        </a>
      )}
      {mode === 'recording' && !isOwn && (
        <a class="button" href={`/failover/activity?replace=${encodeURIComponent(id)}`}>
          {t('link.replace')}
        </a>
      )}
    </p>
  );
}

const camerasOf = ({ status, known }: ServerRow): number => status?.cameras?.total ?? known?.watch?.cameras ?? 0;

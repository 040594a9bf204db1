/** Where a server records for others, keeps their settings, and is reached. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { failoverSettingsApi, type KnownServer } from '../../../api/failover-settings.ts';
import { now } from '../../../app/stores.ts';
import { can } from '../../../app/session.ts';
import { messageOf } from '../../../app/toasts.tsx';
import { t } from '../../../messages/failover-settings/words.ts';
import { CheckField, TextField } from '../../../ui/field.tsx';
import { ago, dateAndTime, shortTime, size } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icon.tsx';
import { useFresh } from '../fresh.ts';
import { Card } from './draft-form.tsx';
import { Flag, troubleWords, type Fields } from './server-fields.tsx';

const EVERY_MS = 10_000;
type AtServer = Fields & { readonly serverId: string };

/** Volumes for covered cameras, in the order in which they are used. */
export function StoreCard({ serverId, draft, set }: AtServer): VNode {
  const { value: volumes, error } = useFresh(() => failoverSettingsApi.volumesOf(serverId), {
    key: serverId,
    everyMs: EVERY_MS,
  });
  const text = draft['storeVolumeIds'] ?? '';
  const chosen = text === '' ? [] : text.split(',');
  const gone = chosen.filter((id) => volumes !== undefined && !volumes.some((volume) => volume.id === id));
  const toggle = (id: string): void => {
    const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id];
    set('storeVolumeIds', next.join());
  };
  return (
    <Card title={t('card.store')} hint={t('store.hint')}>
      {error !== undefined && <p class="bad small">{messageOf(error)}</p>}
      {volumes?.length === 0 && <p class="muted">{t('store.none')}</p>}
      {volumes?.map(({ id, path, freeBytes, state }) => (
        <CheckField
          key={id}
          label={
            <>
              <span class="mono">{path}</span>{' '}
              {chosen.includes(id) && chosen.length > 1 && `(${chosen.indexOf(id) + 1})`}
            </>
          }
          hint={freeBytes === undefined ? state : t('store.free', { free: size(freeBytes) })}
          checked={chosen.includes(id)}
          onChange={() => toggle(id)}
        />
      ))}
      {gone.map((id) => (
        <CheckField key={id} label={id} hint={t('store.gone')} checked onChange={() => toggle(id)} />
      ))}
      <p class="small muted">{chosen.length === 0 ? t('store.all') : t('store.only')}</p>
    </Card>
  );
}

export function AddressCard({ serverId, draft, troubles, set }: AtServer): VNode {
  const { value: server } = useFresh(() => failoverSettingsApi.serverOf(serverId), { key: serverId, everyMs: 60_000 });
  const field = (name: 'serverAddress' | 'clientAddress'): VNode => (
    <TextField
      label={t(`field.${name}`)}
      hint={t(`hint.${name}`)}
      value={draft[name] ?? ''}
      placeholder={server?.addresses[0] ?? ''}
      error={troubleWords(troubles.get(name))}
      onInput={(text) => set(name, text)}
    />
  );
  return (
    <Card title={t('card.addresses')}>
      {field('serverAddress')}
      {field('clientAddress')}
      {server !== undefined && (
        <dl class="facts">
          <dt>{t('address.peerPort')}</dt>
          <dd class="mono">{server.peerPort}</dd>
          <dt>{t('address.httpPort')}</dt>
          <dd class="mono">{server.httpPort}</dd>
          <dt>{t('address.seen')}</dt>
          <dd class="mono">{server.addresses.join(', ')}</dd>
        </dl>
      )}
    </Card>
  );
}

export function BackupCard(fields: AtServer): VNode {
  const { serverId, draft, troubles, set } = fields;
  return (
    <Card title={t('card.backups')} hint={t('backups.hint')}>
      <TextField
        label={t('field.backupDirectory')}
        hint={t('hint.backupDirectory')}
        value={draft['backupDirectory'] ?? ''}
        error={troubleWords(troubles.get('backupDirectory'))}
        onInput={(text) => set('backupDirectory', text)}
      />
      <div class="columns">
        <Flag {...fields} name="dailyBackup" />
        <TextField
          label={t('field.dailyBackupAt')}
          hint={localHint(draft['dailyBackupAt'] ?? '')}
          value={draft['dailyBackupAt'] ?? ''}
          error={troubleWords(troubles.get('dailyBackupAt'))}
          onInput={(text) => set('dailyBackupAt', text)}
        />
      </div>
      <BackupList serverId={serverId} />
    </Card>
  );
}

/** The same moment on the clock of whoever looks. */
function localHint(utc: string): string {
  const match = /^(\d\d):(\d\d)$/.exec(utc);
  if (match === null) return t('hint.dailyBackupAt');
  const at = new Date();
  at.setUTCHours(Number(match[1]), Number(match[2]), 0, 0);
  return Number.isNaN(at.getTime()) ? '' : t('backups.local', { time: shortTime(at.getTime()) });
}

function BackupList({ serverId }: { readonly serverId: string }): VNode {
  const { value, error, refresh } = useFresh(() => failoverSettingsApi.knownTo(serverId), {
    key: serverId,
    everyMs: EVERY_MS,
  });
  const watched = value?.filter((one) => one.watched) ?? [];
  if (error !== undefined && value === undefined) return <p class="bad small">{messageOf(error)}</p>;
  if (value !== undefined && watched.length === 0) return <p class="muted">{t('backups.nobody')}</p>;
  return (
    <ul class="backups" aria-label={t('backups.list')}>
      {watched.map((one) => (
        <Backup key={one.id} serverId={serverId} known={one} onDone={refresh} />
      ))}
    </ul>
  );
}

type BackupProps = { readonly serverId: string; readonly known: KnownServer; readonly onDone: () => void };
type Doing =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly at: string | undefined }
  | { readonly kind: 'failed'; readonly problem: string };
function Backup({ serverId, known, onDone }: BackupProps): VNode {
  const [doing, setDoing] = useState<Doing>({ kind: 'idle' });
  const { name, watch } = known;
  const run = async (): Promise<void> => {
    setDoing({ kind: 'running' });
    try {
      const after = await failoverSettingsApi.backUp(serverId, known.id);
      setDoing({ kind: 'done', at: after.watch?.backupAt });
      onDone();
    } catch (failure) {
      setDoing({ kind: 'failed', problem: messageOf(failure) });
    }
  };
  const at = watch?.backupAt;
  return (
    <li>
      <div class="grow">
        <div class="strong cut">{name}</div>
        <div class="small muted" title={at === undefined ? undefined : dateAndTime(Date.parse(at))}>
          {at === undefined ? t('backups.never') : t('backups.last', { ago: ago(now.value - Date.parse(at)) })}
        </div>
        {watch?.backupProblem !== undefined && doing.kind !== 'failed' && (
          <div class="small bad">{watch.backupProblem}</div>
        )}
        <div role="status">
          {doing.kind === 'running' && <progress aria-label={t('backups.running')} />}
          {doing.kind === 'done' && (
            <span class="small good row">
              <Icon name="check" />
              {t('backups.done', { time: doing.at === undefined ? '' : dateAndTime(Date.parse(doing.at)) })}
            </span>
          )}
          {doing.kind === 'failed' && <span class="small bad">{doing.problem}</span>}
        </div>
      </div>
      {can('change') && (
        <button type="button" class="button" disabled={doing.kind === 'running'} onClick={() => void run()}>
          {t('backups.now')}
          <span class="hidden-text"> {name}</span>
        </button>
      )}
    </li>
  );
}

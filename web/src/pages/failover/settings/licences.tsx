/** Licences: which there are, what they allow, who has how many seats of it; adding a file, removing one. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { failoverSettingsApi, type Licence, type Licences, type SeatUse } from '../../../api/failover-settings.ts';
import type { SiteServerView } from '../../../api/site.ts';
import { boxNow } from '../../../app/box-clock.ts';
import { access } from '../../../app/session.ts';
import { server } from '../../../app/stores.ts';
import { messageOf, toast } from '../../../app/toasts.tsx';
import { t } from '../../../messages/failover-settings/words.ts';
import { language } from '../../../messages/messages.ts';
import { ConfirmDialog, Empty, Notice } from '../../../ui/dialog.tsx';
import { FormError } from '../../../ui/field.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { useFresh } from '../fresh.ts';
import { AddLicence } from './add-licence.tsx';
import { Waiting } from './server-settings.tsx';

const EVERY_MS = 10_000;

export function LicencesView({ servers }: { readonly servers: readonly SiteServerView[] }): VNode {
  const { value, error, refresh } = useFresh(() => failoverSettingsApi.licences(), { everyMs: EVERY_MS });
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Licence>();
  if (value === undefined) return error === undefined ? <Waiting /> : <Notice tone="bad">{messageOf(error)}</Notice>;
  const host = hostElsewhere(value);
  const mayChange = host === undefined && isOwner();
  return (
    <div class="stack">
      {host !== undefined && <Notice>{t('licences.atHost', { host })}</Notice>}
      <LicenceList
        licences={value}
        servers={servers}
        onAdd={mayChange ? () => setAdding(true) : undefined}
        onRemove={mayChange ? setRemoving : undefined}
      />
      <Use licences={value} />
      {isAdding && <AddLicence servers={servers} onClose={() => setAdding(false)} onAdded={refresh} />}
      {removing !== undefined && (
        <RemoveLicence licence={removing} onClose={() => setRemoving(undefined)} onRemoved={refresh} />
      )}
    </div>
  );
}
const hostElsewhere = ({ host }: Licences): string | undefined =>
  host === undefined || host.id === server.value?.id ? undefined : host.name;
function isOwner(): boolean {
  const now = access.value;
  return now.kind === 'signed-in' && now.session.user.role === 'owner';
}

type ListProps = {
  readonly licences: Licences;
  readonly servers: readonly SiteServerView[];
  readonly onAdd: (() => void) | undefined;
  readonly onRemove: ((licence: Licence) => void) | undefined;
};
function LicenceList({ licences: { items }, servers, onAdd, onRemove }: ListProps): VNode {
  const add = onAdd && (
    <button type="button" class="button primary" onClick={onAdd}>
      <Icon name="plus" />
      {t('licences.add')}
    </button>
  );
  if (items.length === 0)
    return (
      <Empty icon="key" title={t('licences.none')} text={t('licences.noneText')}>
        {add}
      </Empty>
    );
  return (
    <>
      {add !== undefined && <div class="row">{add}</div>}
      <ul class="licences" aria-label={t('licences.label')}>
        {items.map((one) => (
          <LicenceItem
            key={one.id}
            licence={one}
            serverName={servers.find(({ id }) => id === one.serverId)?.name ?? one.serverId}
            onRemove={onRemove && (() => onRemove(one))}
          />
        ))}
      </ul>
    </>
  );
}

const TONES: Readonly<Record<Licence['state'], string>> = {
  'in-force': 'good',
  'not-yet': 'info',
  expired: 'bad',
  untrusted: 'bad',
};
const SOON_MS = 30 * 86_400_000;
const day = (iso: string): string => new Date(iso).toLocaleDateString(language.value, { dateStyle: 'medium' });

type ItemProps = {
  readonly licence: Licence;
  readonly serverName: string | undefined;
  readonly onRemove: (() => void) | undefined;
};
function LicenceItem({ licence, serverName, onRemove }: ItemProps): VNode {
  const { id, holder, state, problem, expiresAt, keyId } = licence;
  const isEnding = state === 'in-force' && expiresAt !== undefined && Date.parse(expiresAt) - boxNow() < SOON_MS;
  return (
    <li class="card licence">
      <div class="row wrap">
        <span class="strong cut">{id}</span>
        <span class={`chip ${isEnding ? 'warn' : TONES[state]}`}>
          <span class="dot" />
          {t(isEnding ? 'licence.ending' : `licence.${state}`)}
        </span>
        <span class="grow" />
        {onRemove !== undefined && (
          <button type="button" class="button quiet" onClick={onRemove}>
            <Icon name="trash" />
            {t('licences.remove')}
            <span class="hidden-text"> {id}</span>
          </button>
        )}
      </div>
      <p>{holder === '' ? t('licence.unreadable') : holder}</p>
      <p>{seatWords(licence.seats)}</p>
      {problem !== undefined && <p class="bad small">{problem}</p>}
      <p class="muted small">
        {[...(holder === '' ? [] : termWords(licence, serverName)), t('licence.key', { key: keyId })].join(' · ')}
      </p>
    </li>
  );
}

function termWords({ validFrom, expiresAt }: Licence, serverName: string | undefined): readonly string[] {
  return [
    ...(validFrom === undefined ? [] : [t('licence.from', { day: day(validFrom) })]),
    expiresAt === undefined ? t('licence.forever') : t('licence.until', { day: day(expiresAt) }),
    serverName === undefined ? t('licence.forSite') : t('licence.forServer', { name: serverName }),
  ];
}

function seatWords({ failoverServers, coveredCameras, recordedCameras }: Licence['seats']): string {
  const parts = [
    failoverServers === undefined ? '' : t('seats.failoverServers', { n: failoverServers }),
    coveredCameras === undefined ? '' : t('seats.coveredCameras', { n: coveredCameras }),
    recordedCameras === undefined ? '' : t('seats.recordedCameras', { n: recordedCameras }),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function Use({ licences: { covering, recording } }: { readonly licences: Licences }): VNode {
  return (
    <div class="fo-cards">
      <UseCard title={t('use.covering')} hint={t('use.coveringHint')} items={covering} none={t('use.noFailover')} />
      <UseCard title={t('use.recording')} hint={t('use.recordingHint')} items={recording} none={t('use.noRecording')} />
    </div>
  );
}

type UseProps = {
  readonly title: string;
  readonly hint: string;
  readonly none: string;
  readonly items: readonly SeatUse[];
};
function UseCard({ title, hint, none, items }: UseProps): VNode {
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
      </div>
      <p class="muted small">{items.length === 0 ? none : hint}</p>
      <ul class="use">
        {items.map((one) => (
          <li key={one.serverId}>
            <span class="cut grow">{one.name}</span>
            <UseBar use={one} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function UseBar({ use: { seats, used } }: { readonly use: SeatUse }): VNode {
  const words =
    seats === undefined ? t('use.unlimited', { used: used ?? '?' }) : t('use.of', { used: used ?? '?', seats });
  const isFull = seats !== undefined && used !== undefined && used >= seats;
  return (
    <span class="use-bar">
      {seats !== undefined && seats > 0 && <meter min={0} max={seats} value={used ?? 0} aria-label={words} />}
      <span class={`small nowrap ${isFull ? 'warn' : 'muted'}`}>
        {words}
        {isFull && ` · ${t('use.full')}`}
      </span>
    </span>
  );
}

type RemoveProps = { readonly licence: Licence; readonly onClose: () => void; readonly onRemoved: () => void };
function RemoveLicence({ licence: { id, holder, seats }, onClose, onRemoved }: RemoveProps): VNode {
  const [error, setError] = useState<unknown>();
  const remove = async (): Promise<void> => {
    try {
      await failoverSettingsApi.removeLicence(id);
      toast(t('licences.removed', { id }));
      onRemoved();
      onClose();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <ConfirmDialog
      title={t('licences.removeTitle', { id })}
      confirm={t('licences.remove')}
      onConfirm={remove}
      onClose={onClose}
      danger
    >
      <FormError error={error} />
      <p class="strong">{[holder, seatWords(seats)].filter((part) => part !== '').join(' · ')}</p>
      <p>{t('licences.removeText')}</p>
    </ConfirmDialog>
  );
}

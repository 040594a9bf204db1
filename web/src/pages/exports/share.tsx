/** A link to an export for somebody without an account: for how long, then its addresses to copy. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { shareExportAt, type SharedExport, type SiteExport } from '../../api/site-footage.ts';
import { can } from '../../app/session.ts';
import { cameraById } from '../../app/stores.ts';
import { t as shell } from '../../messages/messages.ts';
import { t } from '../../messages/playback/words.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { FormError, SelectField } from '../../ui/field.tsx';
import { dateAndTime } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { spanOf } from './remove.tsx';

const asked = signal<SiteExport | undefined>(undefined);
const cameraOf = ({ cameraId }: SiteExport): string => cameraById(cameraId)?.name ?? cameraId;

export function Share({ job }: { readonly job: SiteExport }): VNode | null {
  if (!can('export') || job.state !== 'done') return null;
  return (
    <button
      type="button"
      class="button small-button"
      aria-label={t('share.label', { camera: cameraOf(job) })}
      onClick={() => {
        asked.value = job;
      }}
    >
      <Icon name="key" />
      {t('share.open')}
    </button>
  );
}

const close = (): void => {
  asked.value = undefined;
};

const HOURS = ['24', '72', '168', '720'] as const;
type Hours = (typeof HOURS)[number];
const wordsOf = (hours: Hours): string =>
  hours === '24' ? t('share.day') : t('share.days', { n: Number(hours) / 24 });

export function ShareDialog(): VNode | null {
  const job = asked.value;
  useEffect(() => close, []);
  return job === undefined ? null : <OneExport job={job} />;
}

function OneExport({ job }: { readonly job: SiteExport }): VNode {
  const [hours, setHours] = useState<Hours>('72');
  const [made, setMade] = useState<SharedExport>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const make = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    await shareExportAt(job.serverId, job.id, Number(hours)).then(setMade, setError);
    setBusy(false);
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={close}>
        {shell(made === undefined ? 'common.cancel' : 'common.close')}
      </button>
      {made === undefined && (
        <button type="submit" class="button primary" disabled={busy}>
          {t('share.make')}
        </button>
      )}
    </>
  );
  return (
    <Dialog
      title={t('share.title')}
      onClose={close}
      foot={foot}
      onSubmit={() => void (made === undefined ? make() : close())}
    >
      <p class="strong">
        {cameraOf(job)}, {spanOf(job)}
      </p>
      <p>{t('share.text')}</p>
      <FormError error={error} />
      {made === undefined ? (
        <fieldset disabled={busy}>
          <SelectField
            label={t('share.hours')}
            value={hours}
            onChange={setHours}
            options={HOURS.map((one) => [one, wordsOf(one)] as const)}
          />
        </fieldset>
      ) : (
        <Links made={made} />
      )}
    </Dialog>
  );
}

function Links({ made: { expiresAt, links } }: { readonly made: SharedExport }): VNode {
  return (
    <div class="stack" role="status">
      <p>{t('share.until', { time: dateAndTime(Date.parse(expiresAt)) })}</p>
      {links.map(({ name, url, manifestUrl }) => (
        <div key={name} class="stack">
          <Address what={t('share.video', { name })} url={url} />
          <Address what={t('share.manifest', { name })} url={manifestUrl} />
        </div>
      ))}
    </div>
  );
}

const Address = ({ what, url }: { readonly what: string; readonly url: string }): VNode => (
  <div class="row share-address">
    <label class="field grow">
      {what}
      <input type="text" class="mono" readOnly value={url} onFocus={({ currentTarget }) => currentTarget.select()} />
    </label>
    <CopyButton what={what} text={url} />
  </div>
);

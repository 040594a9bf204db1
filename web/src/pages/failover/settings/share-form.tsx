/** The form of the return share; its password is write-only and stays unless another one is typed. */
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { failoverSettingsApi, type ReturnShare } from '../../../api/failover-settings.ts';
import { toast } from '../../../app/toasts.tsx';
import { t as shell } from '../../../messages/messages.ts';
import { t } from '../../../messages/failover-settings/words.ts';
import { FormError, SelectField, TextField } from '../../../ui/field.tsx';
import { useFresh } from '../fresh.ts';
import type { Draft } from './draft.ts';

const ENCRYPTION = ['when-offered', 'required'] as const;
const TEXTS = ['host', 'share', 'folder', 'username', 'domain', 'volumeFolder'] as const;

const draftOf = (share: ReturnShare | undefined): Draft => ({
  ...Object.fromEntries(TEXTS.map((name) => [name, share?.[name] ?? ''])),
  port: String(share?.port ?? 445),
  encryption: share?.encryption ?? 'when-offered',
  volumeId: share?.volumeId ?? '',
  password: '',
});

type FormProps = {
  readonly serverId: string;
  readonly share: ReturnShare | undefined;
  readonly onClose: () => void;
  readonly onSaved: () => void;
};
export function ShareForm({ serverId, share, onClose, onSaved }: FormProps): VNode {
  const [draft, setDraft] = useState(() => draftOf(share));
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await failoverSettingsApi.setShare(serverId, shareOf(draft));
      toast(t('share.saved'));
      onSaved();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const isWhole = [draft['host'], draft['share'], draft['volumeId']].every((text) => (text ?? '').trim() !== '');
  return (
    <div class="stack" role="group" aria-label={t('card.share')}>
      <FormError error={error} />
      <ShareFields
        serverId={serverId}
        draft={draft}
        hasPassword={share?.hasPassword === true}
        set={(name, text) => setDraft((now) => ({ ...now, [name]: text }))}
      />
      <div class="row end">
        <button type="button" class="button" onClick={onClose}>
          {shell('common.cancel')}
        </button>
        <button type="button" class="button primary" disabled={isBusy || !isWhole} onClick={() => void save()}>
          {shell('common.save')}
        </button>
      </div>
    </div>
  );
}

type FieldsProps = {
  readonly serverId: string;
  readonly draft: Draft;
  readonly hasPassword: boolean;
  readonly set: (name: string, text: string) => void;
};
function ShareFields({ serverId, draft, hasPassword, set }: FieldsProps): VNode {
  const { value: volumes = [] } = useFresh(() => failoverSettingsApi.volumesOf(serverId), {
    key: serverId,
    everyMs: 60_000,
  });
  useEffect(() => {
    const [first] = volumes;
    if (draft['volumeId'] === '' && first !== undefined) set('volumeId', first.id);
  }, [volumes.length]);
  const field = (name: (typeof TEXTS)[number] | 'port'): VNode => (
    <TextField
      label={t(`share.${name}`)}
      value={draft[name] ?? ''}
      type={name === 'port' ? 'number' : 'text'}
      onInput={(text) => set(name, text)}
    />
  );
  return (
    <div class="columns">
      {field('host')}
      {field('port')}
      {field('share')}
      {field('folder')}
      {field('username')}
      <TextField
        label={t('share.password')}
        type="password"
        autoComplete="new-password"
        placeholder={hasPassword ? t('share.passwordKept') : ''}
        value={draft['password'] ?? ''}
        onInput={(text) => set('password', text)}
      />
      {field('domain')}
      <SelectField
        label={t('share.encryption')}
        value={draft['encryption'] ?? ''}
        options={ENCRYPTION.map((key) => [key, t(`share.${key}`)])}
        onChange={(next) => set('encryption', next)}
      />
      <SelectField
        label={t('share.volumeId')}
        hint={t('share.volumeHint')}
        value={draft['volumeId'] ?? ''}
        options={volumes.map(({ id, path }) => [id, path])}
        onChange={(next) => set('volumeId', next)}
      />
      {field('volumeFolder')}
    </div>
  );
}

function shareOf(draft: Draft): NonNullable<Parameters<typeof failoverSettingsApi.setShare>[1]> {
  const text = (name: string): string => (draft[name] ?? '').trim();
  return {
    host: text('host'),
    port: Number(text('port')),
    share: text('share'),
    folder: text('folder'),
    username: text('username'),
    domain: text('domain'),
    encryption: text('encryption') === 'required' ? 'required' : 'when-offered',
    volumeId: text('volumeId'),
    volumeFolder: text('volumeFolder'),
    ...(draft['password'] === '' ? {} : { password: draft['password'] }),
  };
}

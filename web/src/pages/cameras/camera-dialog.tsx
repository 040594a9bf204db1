/** One camera: its addresses, credentials, what is recorded and kept; tested before it is saved. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api, type Camera, type CreateCamera, type TestCameraResult } from '../../api/api.ts';
import { refreshCameras } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/messages.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { CheckField, FormError, SelectField, TextField } from '../../ui/field.tsx';
import { LEVELS, PRIORITIES } from './bulk-dialogs.tsx';
import { TestResult } from './test-result.tsx';

type Draft = {
  readonly name: string;
  readonly url: string;
  readonly subUrl: string;
  readonly transport: 'auto' | 'tcp' | 'udp';
  readonly username: string;
  readonly password: string;
  readonly enabled: boolean;
  readonly record: boolean;
  readonly audio: boolean;
  readonly priority: Camera['priority'];
  readonly level: Camera['standbyLevel'];
  readonly days: string;
  readonly fingerprint: string | undefined;
};
type Set_ = (change: Partial<Draft>) => void;

export function CameraDialog({ camera, onClose }: { readonly camera?: Camera; readonly onClose: () => void }): VNode {
  const [draft, setDraft] = useState<Draft>(() => draftOf(camera));
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState<'no' | 'testing' | 'saving'>('no');
  const [result, setResult] = useState<TestCameraResult>();
  const set: Set_ = (change) => setDraft((before) => ({ ...before, ...change }));
  const during = async (kind: 'testing' | 'saving', work: () => Promise<void>): Promise<void> => {
    setBusy(kind);
    setError(undefined);
    await work().catch(setError);
    setBusy('no');
  };
  const test = (): Promise<void> =>
    during('testing', async () => setResult(await api.testCamera(testOf(draft, camera))));
  const save = (): Promise<void> =>
    during('saving', async () => {
      if (camera === undefined) await api.createCamera(changeOf(draft));
      else
        await api.updateCamera(camera.id, {
          ...changeOf(draft),
          ...(isWithoutUser(draft, camera) ? { username: null, password: null } : {}),
          sub: draft.subUrl === '' ? null : { url: draft.subUrl, transport: draft.transport },
        });
      await refreshCameras();
      toast(t(camera === undefined ? 'camera.added' : 'camera.saved', { name: draft.name }));
      onClose();
    });
  const foot = (
    <Foot draft={draft} busy={busy} isNew={camera === undefined} onTest={() => void test()} onClose={onClose} />
  );
  return (
    <Dialog
      title={camera?.name ?? t('camera.addTitle')}
      onClose={onClose}
      foot={foot}
      onSubmit={() => void save()}
      wide
    >
      <FormError error={error} />
      <SourceFields draft={draft} set={set} hasPassword={camera?.hasPassword ?? false} />
      {result !== undefined && (
        <TestResult result={result} trusted={draft.fingerprint} onTrust={(fingerprint) => set({ fingerprint })} />
      )}
      <PolicyFields draft={draft} set={set} />
    </Dialog>
  );
}

type Busy = 'no' | 'testing' | 'saving';
type FootProps = {
  readonly draft: Draft;
  readonly busy: Busy;
  readonly isNew: boolean;
  readonly onTest: () => void;
  readonly onClose: () => void;
};
function Foot({ draft, busy, isNew, onTest, onClose }: FootProps): VNode {
  return (
    <>
      <button type="button" class="button start" disabled={busy !== 'no' || draft.url === ''} onClick={onTest}>
        {busy === 'testing' && <span class="spinner" />}
        {t('camera.test')}
      </button>
      <button type="button" class="button" onClick={onClose}>
        {t('common.cancel')}
      </button>
      <button type="submit" class="button primary" disabled={busy !== 'no' || draft.name === '' || draft.url === ''}>
        {t(isNew ? 'cameras.add' : 'common.save')}
      </button>
    </>
  );
}

function SourceFields({
  draft,
  set,
  hasPassword,
}: {
  readonly draft: Draft;
  readonly set: Set_;
  readonly hasPassword: boolean;
}): VNode {
  return (
    <fieldset class="stack">
      <legend class="hidden-text">{t('camera.source')}</legend>
      <div class="columns">
        <TextField label={t('cameras.name')} value={draft.name} onInput={(name) => set({ name })} autoFocus required />
        <SelectField
          label={t('camera.transport')}
          value={draft.transport}
          onChange={(transport) => set({ transport })}
          options={[
            ['auto', t('camera.transportAuto')],
            ['tcp', 'TCP'],
            ['udp', 'UDP'],
          ]}
        />
      </div>
      <TextField
        label={t('camera.address')}
        value={draft.url}
        onInput={(url) => set({ url })}
        placeholder="rtsp://192.168.1.20:554/stream1"
        required
      />
      <TextField
        label={t('camera.subAddress')}
        value={draft.subUrl}
        onInput={(subUrl) => set({ subUrl })}
        hint={t('camera.subHint')}
        placeholder="rtsp://192.168.1.20:554/stream2"
      />
      <div class="columns">
        <TextField label={t('camera.username')} value={draft.username} onInput={(username) => set({ username })} />
        <TextField
          label={t('camera.password')}
          value={draft.password}
          onInput={(password) => set({ password })}
          type="password"
          autoComplete="new-password"
          placeholder={hasPassword ? t('camera.passwordKept') : ''}
        />
      </div>
    </fieldset>
  );
}

function PolicyFields({ draft, set }: { readonly draft: Draft; readonly set: Set_ }): VNode {
  return (
    <fieldset class="stack">
      <legend class="hidden-text">{t('camera.policy')}</legend>
      <div class="columns">
        <CheckField label={t('camera.enabled')} checked={draft.enabled} onChange={(enabled) => set({ enabled })} />
        <CheckField label={t('camera.record')} checked={draft.record} onChange={(record) => set({ record })} />
        <CheckField label={t('camera.audio')} checked={draft.audio} onChange={(audio) => set({ audio })} />
      </div>
      <div class="columns">
        <TextField
          label={t('camera.maxDays')}
          value={draft.days}
          onInput={(days) => set({ days })}
          type="number"
          hint={t('camera.maxDaysHint')}
        />
        <SelectField
          label={t('camera.priority')}
          value={draft.priority}
          onChange={(priority) => set({ priority })}
          options={PRIORITIES.map((key) => [key, t(`priority.${key}`)] as const)}
          hint={t('camera.priorityHint')}
        />
        <SelectField
          label={t('camera.level')}
          value={draft.level}
          onChange={(level) => set({ level })}
          options={LEVELS.map((key) => [key, t(`level.${key}`)] as const)}
          hint={t('camera.levelHint')}
        />
      </div>
    </fieldset>
  );
}

const NEW: Draft = {
  name: '',
  url: '',
  subUrl: '',
  transport: 'auto',
  username: '',
  password: '',
  enabled: true,
  record: true,
  audio: true,
  priority: 'medium',
  level: 'warm',
  days: '',
  fingerprint: undefined,
};

function draftOf(camera: Camera | undefined): Draft {
  if (camera === undefined) return NEW;
  const { name, main, sub, username, enabled, record, audio, priority, standbyLevel, retention, fingerprint } = camera;
  return {
    ...NEW,
    name,
    enabled,
    record,
    audio,
    priority,
    fingerprint,
    url: main.url,
    subUrl: sub?.url ?? '',
    transport: main.transport,
    username: username ?? '',
    level: standbyLevel,
    days: String(retention.maxDays ?? ''),
  };
}

/** The password is sent only when one was typed; the box keeps the old one otherwise. */
function changeOf(draft: Draft): CreateCamera {
  return {
    name: draft.name.trim(),
    main: { url: draft.url.trim(), transport: draft.transport },
    ...(draft.subUrl === '' ? {} : { sub: { url: draft.subUrl.trim(), transport: draft.transport } }),
    ...(draft.username === '' ? {} : { username: draft.username }),
    ...(draft.password === '' ? {} : { password: draft.password }),
    enabled: draft.enabled,
    record: draft.record,
    audio: draft.audio,
    priority: draft.priority,
    standbyLevel: draft.level,
    retention: Number(draft.days) > 0 ? { maxDays: Number(draft.days) } : {},
    ...(draft.fingerprint === undefined ? {} : { fingerprint: draft.fingerprint }),
  };
}

/** The user name was taken back, and no other one stands in an address: the box forgets both. */
const isWithoutUser = ({ username, url, subUrl }: Draft, before: Camera): boolean =>
  before.username !== undefined && username === '' && ![url, subUrl].some((address) => /\/\/[^/]*@/.test(address));

const testOf = (draft: Draft, camera: Camera | undefined): Parameters<typeof api.testCamera>[0] => ({
  url: draft.url.trim(),
  transport: draft.transport,
  ...(draft.username === '' ? {} : { username: draft.username }),
  ...(draft.password === '' ? {} : { password: draft.password }),
  ...(camera === undefined ? {} : { cameraId: camera.id }),
  ...(draft.fingerprint === undefined ? {} : { fingerprint: draft.fingerprint }),
});

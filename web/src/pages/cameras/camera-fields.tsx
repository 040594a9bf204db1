/** The fields of a camera: where it is, and what is recorded and kept of it. */
import type { VNode } from 'preact';
import { t } from '../../messages/messages.ts';
import { CheckField, SelectField, TextField } from '../../ui/field.tsx';
import { LEVELS, PRIORITIES, type Draft } from './draft.ts';

type FieldProps = { readonly draft: Draft; readonly set: (change: Partial<Draft>) => void };

export function SourceFields({ draft, set, hasPassword }: FieldProps & { readonly hasPassword: boolean }): VNode {
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

export function PolicyFields({ draft, set }: FieldProps): VNode {
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

/** Settings of this box and of this browser. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../../api/api.ts';
import { can, isOwner } from '../../app/session.ts';
import { refreshServer, server } from '../../app/stores.ts';
import { setTheme, theme } from '../../app/theme.ts';
import { attempt, toast } from '../../app/toasts.tsx';
import { language, LANGUAGES, setLanguage, t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';
import { Notice } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import { fingerprintText } from '../../ui/format.ts';
import { Backup } from './backup.tsx';
import { SettingsFrame } from './frame.tsx';
import { Integrations } from './integrations.tsx';
import { RoleDialog } from './role.tsx';
import { Tokens } from './tokens.tsx';
import { Updates } from './updates.tsx';
import { Users } from './users.tsx';
import { VolumeSettings } from './volumes.tsx';
import './settings.css';

export function SettingsPage(): VNode {
  return (
    <SettingsFrame>
      <Locked />
      <div class="settings">
        <Box />
        <Browser />
        <Updates />
        <VolumeSettings />
        {can('change') && <Users />}
        {can('change') && <Tokens />}
        {can('change') && <Integrations />}
        {isOwner() && <Backup />}
      </div>
    </SettingsFrame>
  );
}

/** A member whose host locks it is changed there. */
function Locked(): VNode | null {
  const site = server.value?.site;
  if (site?.host === undefined || !site.locked) return null;
  return <Notice>{word('site.locked', { name: site.host.name })}</Notice>;
}

function Box(): VNode | null {
  const box = server.value;
  const [name, setName] = useState<string>();
  if (box === undefined) return null;
  const save = (): void => {
    void attempt(async () => {
      await api.rename(name ?? '');
      await refreshServer();
      setName((now) => (now === name ? undefined : now));
      toast(t('settings.saved'));
    });
  };
  return (
    <section class="card" aria-labelledby="box">
      <div class="card-head">
        <h2 id="box">{t('settings.box')}</h2>
      </div>
      <form
        class="settings-line"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <TextField label={t('first.serverName')} value={name ?? box.name} onInput={setName} />
        <button type="submit" class="button" disabled={!can('change') || name === undefined || name === box.name}>
          {t('common.save')}
        </button>
      </form>
      <BoxFacts />
    </section>
  );
}

function BoxFacts(): VNode | null {
  const box = server.value;
  const [changing, setChanging] = useState(false);
  if (box === undefined) return null;
  return (
    <dl class="facts settings-facts">
      <dt>{t('settings.mode')}</dt>
      <dd class="row wrap">
        {t(`mode.${box.mode}`)}
        {box.site.host !== undefined && <span class="muted">{word('site.member', { name: box.site.host.name })}</span>}
        {isOwner() && (
          <button type="button" class="button small-button" onClick={() => setChanging(true)}>
            {word('role.change')}
          </button>
        )}
        {changing && <RoleDialog onClose={() => setChanging(false)} />}
      </dd>
      <dt>{t('settings.version')}</dt>
      <dd>{box.version}</dd>
      <dt>{t('settings.platform')}</dt>
      <dd>{`${box.platform.os} · ${box.platform.arch} · Node ${box.platform.node}`}</dd>
      <dt>{t('settings.addresses')}</dt>
      <dd>{box.addresses.map((address) => addressOf(address, box.httpPort)).join(', ')}</dd>
      <dt>{t('first.certificate')}</dt>
      <dd>
        <code class="mono small">{fingerprintText(box.fingerprint)}</code>
        <p class="muted small">
          {t('settings.certificateText')} <a href="/settings/trust">{word('tab.trust')}</a>
        </p>
      </dd>
    </dl>
  );
}

/** As it is typed: an IPv6 address in brackets. */
const addressOf = (address: string, port: number): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`;

function Browser(): VNode {
  return (
    <section class="card" aria-labelledby="browser">
      <div class="card-head">
        <h2 id="browser">{t('settings.browser')}</h2>
      </div>
      <div class="columns">
        <SelectField
          label={t('settings.theme')}
          value={theme.value}
          onChange={setTheme}
          options={[
            ['system', t('theme.system')],
            ['dark', t('theme.dark')],
            ['light', t('theme.light')],
          ]}
        />
        <SelectField
          label={t('settings.language')}
          value={language.value}
          onChange={(next) => void attempt(() => setLanguage(next))}
          options={LANGUAGES}
        />
      </div>
    </section>
  );
}

/** What the host decides for its whole site; empty: each server, or each camera, for itself. */
import type { VNode } from 'preact';
import { protectionApi, type SiteView } from '../../../api/protection.ts';
import { access } from '../../../app/session.ts';
import { messageOf, toast } from '../../../app/toasts.tsx';
import { t as shell } from '../../../messages/messages.ts';
import { t, tOr } from '../../../messages/failover-settings/words.ts';
import { Empty, Notice } from '../../../ui/dialog.tsx';
import { SelectField } from '../../../ui/field.tsx';
import { Card, DraftFormView } from './draft-form.tsx';
import type { Draft } from './draft.ts';
import { FOOTAGE, SHORTAGE } from './fields.ts';
import { LEVELLED, levelField, policyChangeOf, policyDraftOf } from './policy-fields.ts';
import { valueWords, Waiting } from './server-settings.tsx';
import { useDraft } from './use-draft.ts';

const ON_OFF = ['yes', 'no'] as const;
const LEVELS = ['cold', 'warm', 'hot'] as const;

export function SitePolicy(): VNode {
  const { form, error } = useDraft<SiteView>({
    key: 'site',
    load: () => protectionApi.site(),
    draftOf: ({ policy }) => policyDraftOf(policy),
    send: async (before, draft, tag) => await protectionApi.changeSite(policyChangeOf(before, draft), tag),
    onSaved: () => toast(t('policy.saved')),
  });
  if (form === undefined) return error === undefined ? <Waiting /> : <Notice tone="bad">{messageOf(error)}</Notice>;
  const { isHost, host } = form.value;
  if (!isHost && host === undefined) return <NoSite />;
  const now = access.value;
  const isOwner = now.kind === 'signed-in' && now.session.user.role === 'owner';
  return (
    <>
      {!isHost && host !== undefined && <Notice>{t('policy.atHost', { host: host.name })}</Notice>}
      {isHost && !isOwner && <Notice>{t('policy.ownerOnly')}</Notice>}
      <DraftFormView form={form} troubles={0} isEditable={isHost && isOwner} words={words}>
        <PolicyCards draft={form.draft} set={form.set} />
      </DraftFormView>
    </>
  );
}

const NoSite = (): VNode => (
  <Empty icon="shield" title={t('policy.noSite')} text={t('policy.noSiteText')}>
    <a class="button" href="/failover">
      {t('policy.toServers')}
    </a>
  </Empty>
);

type CardsProps = { readonly draft: Draft; readonly set: (name: string, text: string) => void };
function PolicyCards({ draft, set }: CardsProps): VNode {
  const choice = (name: string, options: readonly string[]): VNode => (
    <SelectField
      label={tOr(`field.${name}`, name)}
      value={draft[name] ?? ''}
      options={[
        ['', t('policy.each')],
        ...options.map((option): [string, string] => [option, valueWords(name, option)]),
      ]}
      onChange={(next) => set(name, next)}
    />
  );
  return (
    <div class="fo-cards">
      <Card title={t('policy.rules')} hint={t('policy.rulesHint')}>
        {choice('automaticTakeover', ON_OFF)}
        {choice('automaticRestore', ON_OFF)}
        {choice('footagePolicy', FOOTAGE)}
        {choice('shortagePolicy', SHORTAGE)}
      </Card>
      <Card title={t('policy.levels')} hint={t('policy.levelsHint')}>
        {LEVELLED.map((priority) => {
          const name = levelField(priority);
          const value = draft[name] ?? '';
          return (
            <SelectField
              key={priority}
              label={t('policy.levelOf', { priority: shell(`priority.${priority}`) })}
              value={value}
              options={[
                ['', t('policy.usual')],
                ...LEVELS.map((level): [string, string] => [level, shell(`level.${level}`)]),
              ]}
              onChange={(next) => set(name, next)}
            />
          );
        })}
        {LEVELLED.some((priority) => draft[levelField(priority)] === 'hot') && (
          <Notice tone="warn">{t('policy.hotWarning')}</Notice>
        )}
      </Card>
    </div>
  );
}

function words(name: string, text: string): { readonly field: string; readonly value: string } {
  if (text === '')
    return { field: fieldWords(name), value: name.startsWith('level.') ? t('policy.usual') : t('policy.each') };
  if (!name.startsWith('level.')) return { field: fieldWords(name), value: valueWords(name, text) };
  const level = LEVELS.find((one) => one === text);
  return { field: fieldWords(name), value: level === undefined ? text : shell(`level.${level}`) };
}
function fieldWords(name: string): string {
  const priority = LEVELLED.find((one) => levelField(one) === name);
  return priority === undefined
    ? tOr(`field.${name}`, name)
    : t('policy.levelOf', { priority: shell(`priority.${priority}`) });
}

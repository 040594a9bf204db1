/** The failover settings of one server of the site: of this box, or at a host of any of its members. */
import type { ComponentChildren, VNode } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { failoverSettingsApi, type FailoverSettings } from '../../../api/failover-settings.ts';
import type { SiteView } from '../../../api/protection.ts';
import type { SiteServerView } from '../../../api/site.ts';
import { query, setQuery } from '../../../app/router.ts';
import { can } from '../../../app/session.ts';
import { messageOf, toast } from '../../../app/toasts.tsx';
import { t as shell } from '../../../messages/messages.ts';
import { t, tOr } from '../../../messages/failover-settings/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { SelectField } from '../../../ui/field.tsx';
import { DraftFormView } from './draft-form.tsx';
import { changeOf, draftOf, troublesOf } from './fields.ts';
import { AddressCard, BackupCard, StoreCard } from './place-cards.tsx';
import { POLICY_CHOICES, POLICY_FLAGS } from './policy-fields.ts';
import { FootageCard, ReadinessCard, TakeoverCard, TimeoutCard, type Fields } from './server-fields.tsx';
import { ShareCard } from './share-card.tsx';
import { useDraft, type DraftForm } from './use-draft.ts';

type Props = {
  readonly ownId: string;
  readonly site: SiteView;
  /** This box first. */
  readonly servers: readonly SiteServerView[];
};
export function ServerSettings({ ownId, site, servers }: Props): VNode {
  const choices = useMemo(() => choicesOf(ownId, site, servers), [ownId, site.isHost, servers]);
  const asked = query.value.get('server');
  // A server that joins may come first in the list: the form that somebody is in stays.
  const shown = useRef({ asked, id: asked });
  const wanted = asked ?? (shown.current.asked === asked ? shown.current.id : undefined);
  const chosen = choices.find(({ id }) => id === wanted) ?? choices[0];
  if (chosen === undefined) return <Waiting />;
  shown.current = { asked, id: chosen.id };
  return (
    <>
      {choices.length > 1 && (
        <div class="server-choice">
          <SelectField
            label={t('server.choose')}
            value={chosen.id}
            options={choices.map(({ id, name, mode }) => [id, `${name} · ${shell(`mode.${mode}`)}`])}
            onChange={(id) => setQuery({ server: id })}
          />
        </div>
      )}
      <OneServer key={chosen.id} server={chosen} site={site} />
    </>
  );
}

/** A host sets its members; any other box only itself. Failover servers first: most of this is theirs. */
function choicesOf(ownId: string, { isHost }: SiteView, servers: readonly SiteServerView[]): readonly SiteServerView[] {
  const shown = servers.filter(({ id }) => isHost || id === ownId);
  return shown.toSorted(
    (a, b) =>
      Number(b.mode === 'failover') - Number(a.mode === 'failover') ||
      a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
}

function OneServer({ server, site }: { readonly server: SiteServerView; readonly site: SiteView }): VNode {
  const { id, name, mode } = server;
  const { form, error } = useDraft<FailoverSettings>({
    key: id,
    load: () => failoverSettingsApi.settings(id),
    draftOf,
    send: async (before, draft, tag) => await failoverSettingsApi.change(id, changeOf(before, draft), tag),
    onSaved: () => toast(t('form.saved', { name })),
  });
  if (form === undefined) return error === undefined ? <Waiting /> : <Notice tone="bad">{messageOf(error)}</Notice>;
  const isFailover = mode === 'failover';
  return (
    <>
      {!isFailover && <Notice>{t('server.notFailover', { name, mode: shell(`mode.${mode}`) })}</Notice>}
      {!isFailover && can('change') && (
        <div class="fo-cards">
          <ShareCard serverId={id} />
        </div>
      )}
      {isFailover && <DecidedNotice site={site} />}
      <ServerForm serverId={id} form={form} site={site} isFailover={isFailover} />
    </>
  );
}

function DecidedNotice({ site }: { readonly site: SiteView }): VNode | null {
  const names = [...decidedBy(site)].map((name) => tOr(`field.${name}`, name));
  if (names.length === 0) return null;
  return <Notice>{t('decided.notice', { names: names.join(', '), host: site.host?.name ?? '' })}</Notice>;
}
const decidedBy = ({ policy }: SiteView): ReadonlySet<string> =>
  new Set([...POLICY_FLAGS, ...POLICY_CHOICES].filter((name) => policy[name] !== undefined));

type FormProps = {
  readonly serverId: string;
  readonly form: DraftForm<FailoverSettings>;
  readonly site: SiteView;
  readonly isFailover: boolean;
};
function ServerForm({ serverId, form, site, isFailover }: FormProps): VNode {
  const { draft, set } = form;
  const fields: Fields = { draft, set, troubles: troublesOf(draft), decided: decidedBy(site) };
  const addresses = <AddressCard {...fields} serverId={serverId} />;
  return (
    <DraftFormView form={form} troubles={fields.troubles.size} isEditable={can('change')} words={words}>
      {isFailover ? (
        <FailoverCards fields={fields} serverId={serverId}>
          {addresses}
        </FailoverCards>
      ) : (
        <>
          <div class="fo-cards">{addresses}</div>
          <details class="others">
            <summary>{t('server.others')}</summary>
            <FailoverCards fields={fields} serverId={serverId} />
          </details>
        </>
      )}
    </DraftFormView>
  );
}

type CardsProps = { readonly fields: Fields; readonly serverId: string; readonly children?: ComponentChildren };
const FailoverCards = ({ fields, serverId, children }: CardsProps): VNode => (
  <div class="fo-cards">
    <TimeoutCard {...fields} />
    <TakeoverCard {...fields} />
    <FootageCard {...fields} />
    <BackupCard {...fields} serverId={serverId} />
    <StoreCard {...fields} serverId={serverId} />
    <ReadinessCard {...fields} />
    {children}
  </div>
);

function words(name: string, text: string): { readonly field: string; readonly value: string } {
  const field = name.startsWith('timeouts.')
    ? tOr(name.replace('timeouts.', 'timeout.'), name)
    : tOr(`field.${name}`, name);
  return { field, value: valueWords(name, text) };
}
export function valueWords(name: string, text: string): string {
  if (text === 'yes' || text === 'no') return t(text === 'yes' ? 'value.on' : 'value.off');
  if (text === '') return t('value.none');
  return tOr(`${name}.${text}`, text);
}

export function Waiting(): VNode {
  return (
    <div class="empty" aria-busy="true">
      <span class="spinner" />
      <span class="hidden-text">{t('page.loading')}</span>
    </div>
  );
}

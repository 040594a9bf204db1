/** Failover settings of each server, the policy of the site, licences. */
import type { VNode } from 'preact';
import { protectionApi } from '../../../api/protection.ts';
import { siteServers } from '../../../api/site.ts';
import { query } from '../../../app/router.ts';
import { server } from '../../../app/stores.ts';
import { messageOf } from '../../../app/toasts.tsx';
import { t } from '../../../messages/failover-settings/words.ts';
import { Notice } from '../../../ui/dialog.tsx';
import { FailoverPage } from '../failover-page.tsx';
import { useFresh } from '../fresh.ts';
import { LicencesView } from './licences.tsx';
import { ServerSettings, Waiting } from './server-settings.tsx';
import { SitePolicy } from './site-policy.tsx';
import './failover-settings.css';

const VIEWS = ['server', 'site', 'licences'] as const;
const EVERY_MS = 10_000;

export function FailoverSettingsPage(): VNode {
  const asked = query.value.get('view');
  const view = VIEWS.find((one) => one === asked) ?? 'server';
  return (
    <FailoverPage>
      <nav class="segmented views" aria-label={t('views.label')}>
        {VIEWS.map((one) => (
          <a
            key={one}
            href={one === 'server' ? '/failover/settings' : `/failover/settings?view=${one}`}
            aria-current={one === view ? 'page' : undefined}
          >
            {t(`views.${one}`)}
          </a>
        ))}
      </nav>
      {server.value === undefined ? <Waiting /> : <View view={view} ownId={server.value.id} />}
    </FailoverPage>
  );
}

function View({ view, ownId }: { readonly view: (typeof VIEWS)[number]; readonly ownId: string }): VNode {
  const { value, error } = useFresh(
    async () => {
      const [servers, { value: site }] = await Promise.all([siteServers(), protectionApi.site()]);
      return { servers, site };
    },
    { key: ownId, everyMs: EVERY_MS, on: ['server'] },
  );
  if (value === undefined) return error === undefined ? <Waiting /> : <Notice tone="bad">{messageOf(error)}</Notice>;
  return (
    <div class="stack fo-settings">
      {view === 'server' && <ServerSettings ownId={ownId} {...value} />}
      {view === 'site' && <SitePolicy />}
      {view === 'licences' && <LicencesView servers={value.servers} />}
    </div>
  );
}

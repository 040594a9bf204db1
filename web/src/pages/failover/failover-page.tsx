/** Around the four views of failover: the page's title and the way between them. */
import type { ComponentChildren, VNode } from 'preact';
import { path } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { t, type MessageKey } from '../../messages/messages.ts';

const VIEWS: readonly (readonly [string, MessageKey])[] = [
  ['/failover', 'nav.servers'],
  ['/failover/protection', 'nav.protection'],
  ['/failover/activity', 'nav.activity'],
  ['/failover/settings', 'nav.failoverSettings'],
];

type FailoverProps = {
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  /** It scrolls inside. */
  readonly fill?: boolean;
};
export function FailoverPage({ actions, children, fill = false }: FailoverProps): VNode {
  return (
    <Page title={t('nav.failover')} actions={actions} fill={fill}>
      <nav class="tabs" aria-label={t('nav.failover')}>
        {VIEWS.map(([to, name]) => (
          <a key={to} href={to} aria-current={path.value === to ? 'page' : undefined}>
            {t(name)}
          </a>
        ))}
      </nav>
      {children}
    </Page>
  );
}

/** Around the views of the settings: the title and the way between them. */
import type { ComponentChildren, VNode } from 'preact';
import { path } from '../../app/router.ts';
import { Page } from '../../app/shell.tsx';
import { t } from '../../messages/messages.ts';
import { t as word } from '../../messages/settings/words.ts';

const VIEWS = [
  ['/settings', 'tab.general'],
  ['/settings/trust', 'tab.trust'],
] as const;

export function SettingsFrame({ children }: { readonly children: ComponentChildren }): VNode {
  return (
    <Page title={t('nav.settings')}>
      <nav class="tabs" aria-label={t('nav.settings')}>
        {VIEWS.map(([to, name]) => (
          <a key={to} href={to} aria-current={path.value === to ? 'page' : undefined}>
            {word(name)}
          </a>
        ))}
      </nav>
      {children}
    </Page>
  );
}

/** Dark, light or the system's choice, kept in this browser. */
import { signal } from '@preact/signals';

export type Theme = 'system' | 'dark' | 'light';
const STORED = 'understudy.theme';
const isTheme = (text: string | null): text is Theme => text === 'system' || text === 'dark' || text === 'light';
const prefersLight = matchMedia('(prefers-color-scheme: light)');

export const theme = signal<Theme>('system');
/** What is shown now; canvases repaint when it changes. */
export const shownTheme = signal<'dark' | 'light'>('dark');

export function setTheme(next: Theme): void {
  theme.value = next;
  localStorage.setItem(STORED, next);
  apply();
}

export function startTheme(): void {
  const stored = localStorage.getItem(STORED);
  if (isTheme(stored)) theme.value = stored;
  prefersLight.addEventListener('change', apply);
  apply();
}

function apply(): void {
  const system = prefersLight.matches ? 'light' : 'dark';
  shownTheme.value = theme.value === 'system' ? system : theme.value;
  document.documentElement.dataset['theme'] = shownTheme.value;
}

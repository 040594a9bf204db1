/** Starts the UI: theme and language first, so that nothing flashes; then who is signed in. */
import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/components.css';
import { onEvent } from './api/event-stream.ts';
import { App } from './app/app.tsx';
import { startRouter } from './app/router.ts';
import { startSession } from './app/session.ts';
import { startTheme } from './app/theme.ts';
import { startLanguage } from './messages/messages.ts';

startTheme();
startRouter();
startSession();
onEvent((event) => {
  // What an incident says is loaded when there is one.
  if (event.kind === 'incident')
    import('./pages/incidents/notices.ts').then(({ tellOf }) => tellOf(event)).catch(() => undefined);
});
const root = document.getElementById('app');
/** The name stood there since the first paint. */
function show(into: HTMLElement): void {
  into.replaceChildren();
  render(<App />, into);
}
if (root !== null) {
  void startLanguage()
    .catch(() => undefined)
    .then(() => show(root));
}

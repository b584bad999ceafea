"""The console: pages for the person who runs the bridge (docs/console.md). Imported only when it is configured."""

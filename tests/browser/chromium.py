"""How Chromium is started, by the tests and by scripts/screenshots."""

# As root there is no sandbox of Chromium's own; the others keep it from calling anybody by itself.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

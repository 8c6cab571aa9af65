"""Drawing: house style, charts and maps. A figure reaches a page through `reports.show` alone."""

"""The last stage: figures, tables and the page, from what the other stages stored and have to say of it."""

import json

from inr_sae import stages
from inr_sae.errors import UserError
from inr_sae.report import page
from inr_sae.report.exhibits import Exhibits
from inr_sae.run.once import declared, is_done

OTHERS = tuple(name for name in stages.stage_names() if name != "report")
NEEDS, USES = (OTHERS,), ()
READS = tuple(dict.fromkeys(("report", *(key for name in OTHERS for key in stages.stage(name).READS))))
WRITES = ("report/index.html", "report/done.json", "report/begun.json", "report/figures", "report/tables")
CHEAP = True
MOST_TOP = 16  # maps a layer that are stored
ABOUT = ("config.json", "environment.json")  # of the study, shown at the end


def check(config):
    """Refuse a gallery of more atoms than have maps."""
    if not 0 < config.report.top <= MOST_TOP:
        raise UserError(f"report.top is {config.report.top}; it is from 1 to {MOST_TOP} atoms a layer")


def run(config, store):
    """Writes report/figures/*.png, report/tables/*.csv, *.md and *.tex, and, last, report/index.html."""
    exhibits = Exhibits(store, "report")
    sections, heading = [], None
    asked = store.read_json("config.json")["config"]["stages"]  # in whose order they are told
    done = [name for name in dict.fromkeys((*asked, *OTHERS)) if name in OTHERS and is_done(store, name)]
    for name in stages.ordered(done):
        stage = stages.stage(name)
        own = declared(config, (*stage.READS, "report"))
        if hasattr(stage, "heading") and (name in asked or heading is None):
            heading = stage.heading(own)
        if hasattr(stage, "sections"):
            sections += stage.sections(own, store, exhibits)
    sections.sort(key=lambda section: (section.appendix, not section.first))
    folded = [page.folded(file, json.dumps(store.read_json(file), indent=2)) for file in ABOUT]
    sections.append(page.Section("config", "Config and environment", "".join(folded), appendix=True))
    sentences = [sentence for section in sections for sentence in section.sentences]
    answer = page.answer([*sentences, *heading.caveats])
    text = page.page(config.report.title or heading.title, heading.subtitle, answer, sections)
    store.write_text("report/index.html", text)

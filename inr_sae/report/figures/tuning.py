"""The figure of a tuning: PSNR on validation images against the rate, a line a frequency."""

from inr_sae.report.figures.style import INK, figure, looks, styled


@styled
def curves(grid, winners, frequency_names):
    """A panel a regime (down) and a backbone on a target (across); the winner is starred.

    grid: TuneRows; winners: WinnerRows; frequency_names: {backbone: its key}.
    """
    regimes = list(dict.fromkeys(row.regime for row in grid))
    kinds = list(dict.fromkeys((row.backbone, row.target) for row in grid))
    fig, axes = figure(3.1 * len(kinds) + 0.3, 2.6 * len(regimes) + 0.2, len(regimes), len(kinds))
    for of_regime, regime in zip(axes, regimes):
        for ax, kind in zip(of_regime, kinds):
            rows = [row for row in grid if row.regime == regime and (row.backbone, row.target) == kind]
            name = frequency_names.get(kind[0], "frequency")
            for frequency, (colour, marker) in looks(dict.fromkeys(row.frequency for row in rows)).items():
                line = sorted((row.learning_rate, row.psnr_db_mean) for row in rows if row.frequency == frequency)
                label = "" if frequency is None else f"{name} = {frequency:g}"
                ax.plot(*zip(*line), "-", marker=marker, color=colour, ms=3, lw=1.2, label=label)
            for row in winners:
                if row.regime == regime and (row.backbone, row.target) == kind:
                    ax.plot(row.learning_rate, row.psnr_db_mean, "*", ms=12, color=INK, mec="white", zorder=5)
            ax.set_xscale("log")
            ax.set_title(f"{kind[0]} on {kind[1]}, {regime}", loc="left", fontsize=8)
            if any(ax.get_legend_handles_labels()[1]):
                ax.legend(fontsize=7, frameon=True, framealpha=0.8, edgecolor="none")
    for ax in axes[-1]:
        ax.set_xlabel("rate")
    for ax in axes[:, 0]:
        ax.set_ylabel("PSNR (dB)")
    return fig

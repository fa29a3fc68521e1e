# %% [markdown]
# # Is what comes in still what the network knows?
# A stream of rows, of which strangers become more and more. Single rows are flagged by the threshold; whether something has
# changed is a question to all of them, which p-values answer.

# %%
import sys

import nescio
import numpy as np

rng = np.random.default_rng(2)
CLASSES, WIDTH = 5, 24
W, b = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32), np.zeros(CLASSES, np.float32)


def batch(n, strangers):
    """Known rows, a share of them replaced by rows of no class."""
    h = W[rng.integers(0, CLASSES, n)] + 0.7 * rng.normal(size=(n, WIDTH))
    strange = rng.random(n) < strangers
    h[strange] = 2 * rng.normal(size=(strange.sum(), WIDTH))
    h = np.maximum(h, 0).astype(np.float32)
    return {"features": h, "logits": h @ W.T + b}, strange


train, _ = batch(5000, 0)
det = nescio.Detector("mahalanobis").fit(**train, labels=train["logits"].argmax(axis=1))
calibration_rows, _ = batch(2000, 0)
det.calibrate(det.score(**calibration_rows), keep=0.95)

# %% [markdown]
# ## A martingale on p-values
# Of known rows p-values are uniform, whatever the detector. A bet against that, mixed over how small they may be, multiplies
# its stake by 1 on average as long as nothing changes, so it passes 100 with probability 1 / 100 at most, however long one watches
# (Ville's inequality; Vovk, Nouretdinov, Gammerman, ICML 2003). Ties between p-values are broken at random.


# %%
class Martingale:
    def __init__(self, bets=np.linspace(0.1, 0.9, 9)):
        self.bets = bets
        self.log_stakes = np.zeros(len(bets))

    def update(self, p):
        self.log_stakes += (np.log(self.bets) + (self.bets - 1) * np.log(p)[:, None]).sum(axis=0)
        return float(np.logaddexp.reduce(self.log_stakes) - np.log(len(self.bets)))


# %% [markdown]
# ## The stream
# 60 batches of 50 rows; from batch 30 on the share of strangers grows to one half. Of each batch: how many rows are above the
# threshold (5 % are expected), what false discovery control flags, and the log10 of the stake.

# %%
known_scores = np.sort(det.score(**calibration_rows))
martingale = Martingale()
history = []
for t in range(60):
    share = 0 if t < 30 else 0.5 * (t - 29) / 30
    rows, strange = batch(50, share)
    r = det.predict(**rows)
    # With the random part a p-value is exactly uniform: (#{s_i > s} + u (#{s_i = s} + 1)) / (n + 1).
    above = len(known_scores) - np.searchsorted(known_scores, r.score, "right")
    equal = len(known_scores) - np.searchsorted(known_scores, r.score, "left") - above
    p = (above + rng.random(len(r)) * (equal + 1)) / (len(known_scores) + 1)
    by_fdr = det.judge(r.score, r.class_, fdr=0.1).is_ood
    log10_stake = martingale.update(p) / np.log(10)
    history.append((r.is_ood.mean(), strange.mean(), by_fdr.mean(), log10_stake))
    if t % 6 == 5:
        print(f"batch {t:2}: flagged {r.is_ood.mean():.2f}, by FDR {by_fdr.mean():.2f}, strangers {strange.mean():.2f}, stake 10^{log10_stake:.1f}")

flagged, strangers, fdr, stakes = np.array(history).T
alarm = np.flatnonzero(stakes > 2)
print("alarm in batch", alarm[0] if len(alarm) else "-", "(it began in 30)")

# %%
try:
    import matplotlib

    if "ipykernel" not in sys.modules:
        matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError:
    print("matplotlib is not installed: no picture")
else:
    figure, (above_axis, below_axis) = plt.subplots(2, 1, sharex=True, figsize=(6, 4))
    above_axis.plot(strangers, color="0.7", label="strangers")
    above_axis.plot(flagged, label="above the threshold")
    above_axis.plot(fdr, label="by false discovery, 10 %")
    above_axis.set_ylabel("share of the batch")
    above_axis.legend()
    below_axis.plot(stakes)
    below_axis.axhline(2, color="0.7")
    below_axis.set_ylabel("log10 of the stake")
    below_axis.set_xlabel("batch")
    figure.tight_layout()
    figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "monitor_a_stream.png", dpi=120)
